import { createHash } from "node:crypto";
import type { Exchange } from "../exchange.ts";
import type { ProxyCacheConfig } from "./proxy_cache_config.ts";

/**
 * Names an answer: what was asked for, of which route, and by whom. The caller is always part of it: what was
 * answered to one is never found by another, whatever the service says of it. A HEAD finds what a GET got.
 */
export function cacheKey(
  exchange: Exchange,
  { vary_headers: headers, vary_query_params: parameters, ignore_uri_case: ignoresCase }:
    ProxyCacheConfig,
  place: string,
): string {
  const { host, target: { path, search }, matched, request } = exchange;
  return hashOf([
    place,
    matched?.route.id,
    // The service is told the host that the client asked for.
    host.toLowerCase(),
    ignoresCase ? path.toLowerCase() : path,
    queryOf(search, parameters),
    (headers ?? []).map((name) => name.toLowerCase()).toSorted()
      .map((name) => [name, request.headers.get(name)]),
    callerOf(exchange),
  ]);
}

/** Of headers that an answer varies by. What the service never sees of the client cannot matter. */
export function variantOf(
  { headers }: Request,
  vary: string | null,
): [name: string, hash: string][] {
  const names = (vary ?? "").toLowerCase().split(",").map((name) => name.trim());
  return names.filter((name) => name !== "" && name !== "accept-encoding")
    .map((name) => [name, hashOf([headers.get(name)])]);
}

export function isVariant(
  { headers }: Request,
  variant: readonly (readonly [name: string, hash: string])[],
): boolean {
  return variant.every(([name, hash]) => hashOf([headers.get(name)]) === hash);
}

/** Whom the gateway knows the caller as; and what it has not looked at, but the service may. */
function callerOf(
  { principal, consumer, credential, groups, clientCertificate, request: { headers } }: Exchange,
): unknown {
  return [
    principal && [principal.subject, principal.clientId, [...principal.roles].toSorted()],
    consumer?.id,
    credential?.id,
    [...groups].toSorted(),
    principal ? undefined : headers.get("authorization"),
    headers.get("cookie"),
    clientCertificate && createHash("sha256").update(clientCertificate.der).digest("base64url"),
  ];
}

/**
 * Parameters as they stand, by name: two queries that any program could tell apart must not become one by being
 * decoded here.
 */
function queryOf(search: string, parameters: readonly string[] | null): [string, string][] {
  const all = search.slice(1).split("&").filter((part) => part !== "")
    .map((part): [string, string] => [part.split("=", 1)[0]!, part]);
  const named = parameters === null ? all : all.filter(([name]) => {
    const [decoded] = [...new URLSearchParams(name).keys()];
    return decoded !== undefined && parameters.includes(decoded);
  });
  return named.toSorted(([one], [other]) => one < other ? -1 : Number(one > other));
}

/** Undefined is written as null, which no text is. */
function hashOf(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}
