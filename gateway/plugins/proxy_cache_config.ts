import { z } from "zod";
import { HeaderName, optional } from "../entities/fields.ts";
import type { Exchange } from "../exchange.ts";

const Seconds = z.int().positive().max(31_536_000);

const ResponseCode = z.int().min(200).max(599).refine(
  (code) => code !== 206 && code !== 304,
  "a part of an answer cannot be kept",
);

/** Media types with their parameters, if any: `application/json; charset=utf-8`. */
const MediaType = z.string().regex(
  /^[\w.+*-]+\/[\w.+*-]+(?:\s*;\s*[\w-]+=[^;,\s]+)*$/,
  "invalid media type",
);

export const ProxyCacheConfig = z.strictObject({
  strategy: z.enum(["memory", "redis"]),
  memory: z.strictObject({
    dictionary_name: z.literal("kong_db_cache").default("kong_db_cache"),
  }).prefault({}),
  /** What changes something is never kept. */
  request_method: z.array(z.enum(["GET", "HEAD"])).min(1).default(["GET", "HEAD"]),
  response_code: z.array(ResponseCode).min(1).default([200, 301, 404]),
  content_type: z.array(MediaType).min(1).default(["text/plain", "application/json"]),
  /** In seconds. */
  cache_ttl: Seconds.default(300),
  /** Whether requests and answers have a say, by `Cache-Control`, and `cache_ttl` none. */
  cache_control: z.boolean().default(false),
  /** In seconds: kept for so long, though not given to anybody when it is not fresh. */
  storage_ttl: optional(Seconds),
  /** All when null. */
  vary_query_params: optional(z.array(z.string().min(1)).min(1)),
  vary_headers: optional(z.array(HeaderName).min(1)),
  ignore_uri_case: z.boolean().default(false),
  response_headers: z.strictObject({
    age: z.boolean().default(true),
    "X-Cache-Status": z.boolean().default(true),
    "X-Cache-Key": z.boolean().default(true),
  }).prefault({}),
});

export type ProxyCacheConfig = z.output<typeof ProxyCacheConfig>;

/** What is told of the cache in the answer. A later word replaces an earlier one. */
export interface Told {
  readonly status: "Hit" | "Miss" | "Refresh" | "Bypass";
  readonly key?: string;
  readonly ageSeconds?: number;
}

export function tell(
  { answerHeaders }: Exchange,
  { response_headers: shown }: ProxyCacheConfig,
  { status, key, ageSeconds }: Told,
): void {
  if (shown["X-Cache-Status"]) answerHeaders.push(["x-cache-status", status]);
  if (shown["X-Cache-Key"] && key !== undefined) answerHeaders.push(["x-cache-key", key]);
  if (shown.age && ageSeconds !== undefined) answerHeaders.push(["age", String(ageSeconds)]);
}

/** Whether one of `allowed` is the type, and its parameters, when it names any, are among those of the type. */
export function isAllowedType(allowed: readonly string[], contentType: string | null): boolean {
  if (contentType === null) return false;
  const [type, ...parameters] = partsOf(contentType);
  return allowed.some((one) => {
    const [wanted, ...needed] = partsOf(one);
    return wanted === type && needed.every((parameter) => parameters.includes(parameter));
  });
}

function partsOf(mediaType: string): string[] {
  return mediaType.toLowerCase().split(";").map((part) => part.trim());
}
