import {
  ageSeconds,
  type CacheDirectives,
  cacheDirectives,
  freshSeconds,
  secondsOf,
} from "../cache_directives.ts";
import type { KeptAnswer } from "../ports.ts";
import { isAllowedType, type ProxyCacheConfig } from "./proxy_cache_config.ts";

/** These ask about one state of the resource, or for a part of it: the service's to answer. */
const particular = ["range", "if-range", "if-match", "if-unmodified-since", "upgrade"];

/** Whether an answer to the request may be looked for, and kept. */
export function isCacheableRequest(
  { method, headers }: Request,
  asked: CacheDirectives,
  { request_method: methods, cache_control: heedsControl }: ProxyCacheConfig,
): boolean {
  if (!methods.some((one) => one === method)) return false;
  if (particular.some((name) => headers.has(name))) return false;
  return !(heedsControl && asked.has("no-store"));
}

/** For how long an answer may be given to whoever asks the same; undefined when it may not. */
export function freshMsOf(
  { status, headers }: Response,
  config: ProxyCacheConfig,
  nowMs: number,
): number | undefined {
  if (!config.response_code.includes(status)) return undefined;
  if (!isAllowedType(config.content_type, headers.get("content-type"))) return undefined;
  // A cookie is for one, whatever else is said of it; `*` varies by what nobody can tell.
  if (headers.has("set-cookie") || headers.has("content-range")) return undefined;
  if (headers.get("vary")?.includes("*")) return undefined;
  if (!config.cache_control) return config.cache_ttl * 1000;
  const said = cacheDirectives(headers.get("cache-control"));
  if (["no-store", "no-cache", "private"].some((name) => said.has(name))) return undefined;
  const freshMs = freshSeconds(headers, nowMs) * 1000;
  return freshMs > ageSeconds(headers) * 1000 ? freshMs : undefined;
}

/** Whether a kept answer will do. One that is not fresh never does, `max-stale` or not. */
export function isFresh(
  { freshMs }: KeptAnswer,
  ageMs: number,
  { asked, config }: { readonly asked: CacheDirectives; readonly config: ProxyCacheConfig },
): boolean {
  if (ageMs >= freshMs) return false;
  if (!config.cache_control) return true;
  const ageMax = secondsOf(asked, "max-age") ?? Infinity;
  const freshMin = secondsOf(asked, "min-fresh") ?? 0;
  return !asked.has("no-cache") && ageMs <= ageMax * 1000 && freshMs - ageMs >= freshMin * 1000;
}

/** What a 304 says, of all that the answer did (RFC 9110, section 15.4.5). */
const ofNotModified = new Set([
  "cache-control",
  "content-location",
  "date",
  "etag",
  "expires",
  "vary",
  "via",
]);

/** The kept answer as a response to this request. */
export function responseOf({ status, headers, body }: KeptAnswer, request: Request): Response {
  const etag = headers.find(([name]) => name === "etag")?.[1];
  if (status === 200 && etag !== undefined && isKnown(etag, request.headers.get("if-none-match"))) {
    const kept = headers.filter(([name]) => ofNotModified.has(name));
    return new Response(null, { status: 304, headers: [...kept].map(pairOf) });
  }
  const length: [string, string] = ["content-length", String(body.byteLength)];
  const all = [...headers.map(pairOf), length];
  return new Response(request.method === "HEAD" ? null : body, { status, headers: all });
}

function pairOf([name, value]: readonly [string, string]): [string, string] {
  return [name, value];
}

/** By weak comparison, as `If-None-Match` has it. */
function isKnown(etag: string, known: string | null): boolean {
  if (known === null) return false;
  if (known.trim() === "*") return true;
  const tags = known.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => tag.replace(/^W\//, "") === etag.replace(/^W\//, ""));
}
