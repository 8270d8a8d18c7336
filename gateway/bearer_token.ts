import { Problem, problemTypes } from "platform/problem";
import type { Authenticate } from "platform/access";
import { challenge } from "./challenge.ts";
import type { Exchange } from "./exchange.ts";

/** Where a token is looked for. */
export interface TokenPlaces {
  readonly headers: readonly string[];
  readonly cookies: readonly string[];
  readonly parameters: readonly string[];
}

/** RFC 6750, section 2.1. */
const tokenForm = /^[A-Za-z0-9._~+/-]+=*$/;
const tokenLengthMax = 8192;
/** The two by which tokens are shown: RFC 6750, and RFC 9449 with a proof of possession. */
const schemeForm = /^\s*(?:bearer|dpop)(?:\s+(.*))?$/i;
const defaultHeader = "authorization";

/**
 * The only token that a request carries; undefined without any.
 *
 * @param search the request's query, with its question mark.
 * @throws {Problem} when there are several, or what there is can be no token.
 */
export function soleToken(
  { headers, search, places }: {
    readonly headers: Headers;
    readonly search: string;
    readonly places: TokenPlaces;
  },
): string | undefined {
  const tokens = new Set<string>();
  for (const name of places.headers) {
    const found = schemeForm.exec(headers.get(name) ?? "");
    if (found) tokens.add(found[1] ?? "");
  }
  if (places.cookies.length > 0) {
    for (const [name, value] of cookiesOf(headers)) {
      if (places.cookies.includes(name)) tokens.add(value);
    }
  }
  if (places.parameters.length > 0 && search !== "") {
    for (const [name, value] of new URLSearchParams(search)) {
      if (places.parameters.includes(name)) tokens.add(value);
    }
  }
  const [token] = tokens;
  if (token === undefined) return undefined;
  if (tokens.size > 1 || token.length > tokenLengthMax || !tokenForm.test(token)) {
    throw tokenRefusal("invalid_token");
  }
  return token;
}

/** Whose access token of the platform's issuer it is, wherever it was found. @throws {Problem} */
export function authenticateToken(
  authenticate: Authenticate,
  { exchange, token }: { readonly exchange: Exchange; readonly token: string },
): ReturnType<Authenticate> {
  const { request } = exchange;
  const inHeader = schemeForm.exec(request.headers.get(defaultHeader) ?? "");
  if (inHeader?.[1] === token) return authenticate(request, exchange);
  const headers = new Headers(request.headers);
  headers.set(defaultHeader, `Bearer ${token}`);
  const { url, method } = request;
  return authenticate(new Request(url, { method, headers }), exchange);
}

/** RFC 6750: a request without a token gets no error code, only the challenge. */
export function tokenRefusal(error: "invalid_token" | null = null, cause?: unknown): Problem {
  const headers = { "www-authenticate": challenge("Bearer", { error }) };
  const kind = error ? problemTypes.invalidToken : problemTypes.unauthenticated;
  return new Problem(kind, { headers, cause });
}

function cookiesOf(headers: Headers): [string, string][] {
  const cookies = headers.get("cookie")?.split(";") ?? [];
  return cookies.map((cookie) => {
    const at = cookie.indexOf("=");
    return [cookie.slice(0, at).trim(), cookie.slice(at + 1).trim()];
  });
}
