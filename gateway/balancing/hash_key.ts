import type { Exchange } from "../exchange.ts";
import type { Upstream } from "../entities/mod.ts";

export interface HashKey {
  /** Undefined when the request has nothing of what is looked for. */
  readonly key: string | undefined;
  /** A cookie by which the same client will be known next time, as `Set-Cookie` has it. */
  readonly setCookie?: string;
}

type HashOn = Upstream["hash_on"];

/** What a request is assigned to a server by: `hash_on` of its upstream, or else `hash_fallback`. */
export function hashKeyOf(exchange: Exchange, upstream: Upstream, newId: () => string): HashKey {
  const { hash_on_cookie: name } = upstream;
  const sources: readonly [HashOn, Names][] = [
    [upstream.hash_on, {
      header: upstream.hash_on_header,
      queryArg: upstream.hash_on_query_arg,
      uriCapture: upstream.hash_on_uri_capture,
    }],
    [upstream.hash_fallback, {
      header: upstream.hash_fallback_header,
      queryArg: upstream.hash_fallback_query_arg,
      uriCapture: upstream.hash_fallback_uri_capture,
    }],
  ];
  for (const [source, names] of sources) {
    if (source === "cookie" && name !== null) {
      const key = cookieOf(exchange.request.headers, name);
      return key === undefined ? withCookie(upstream, newId()) : { key };
    }
    const key = valueOf(exchange, source, names);
    // An empty value is that of everybody who has none.
    if (key) return { key };
  }
  return { key: undefined };
}

interface Names {
  readonly header: string | null;
  readonly queryArg: string | null;
  readonly uriCapture: string | null;
}

function valueOf(
  exchange: Exchange,
  source: HashOn,
  { header, queryArg, uriCapture }: Names,
): string | null | undefined {
  const { target, request } = exchange;
  switch (source) {
    case "consumer":
      return exchange.consumer?.id ?? exchange.credential?.id ?? exchange.principal?.subject;
    case "ip":
      return exchange.clientIp;
    case "path":
      return target.path;
    case "header":
      return header === null ? undefined : request.headers.get(header);
    case "query_arg":
      return queryArg === null ? undefined : new URLSearchParams(target.search).get(queryArg);
    case "uri_capture":
      return uriCapture === null
        ? undefined
        : exchange.matchedPath?.captures(target.path)[uriCapture];
    default:
      return undefined;
  }
}

function withCookie(upstream: Upstream, key: string): HashKey {
  const attributes = `Path=${upstream.hash_on_cookie_path}; Secure; HttpOnly; SameSite=Lax`;
  return { key, setCookie: `${upstream.hash_on_cookie}=${key}; ${attributes}` };
}

function cookieOf(headers: Headers, name: string): string | undefined {
  for (const pair of (headers.get("cookie") ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim() || undefined;
  }
  return undefined;
}
