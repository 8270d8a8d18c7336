import { createHash } from "node:crypto";
import { clientNetwork } from "platform/http";
import { Problem, type ProblemType, problemTypes } from "platform/problem";
import type { Exchange } from "../exchange.ts";
import { definePlugin, type RequestCounters } from "../plugin.ts";
import type { RequestCounter } from "../ports.ts";
import { headersOf, retryAfterSeconds, standingOf } from "./limit_standing.ts";
import { limitsOf, RateLimitingConfig } from "./rate_limiting_config.ts";
import { withoutRedisShorthands } from "./redis_fields.ts";

/**
 * Plugin `rate-limiting`: each caller may make so many requests per calendar window, and no more. With
 * `policy: redis` all gateways count together, in the Redis of the platform, by its TLS and credentials:
 * the `redis` record is kept as Kong keeps it, and says nothing of where that is.
 */
export const rateLimiting = definePlugin({
  name: "rate-limiting",
  config: RateLimitingConfig,
  prepare: withoutRedisShorthands,
  create(config, { counters, now, place }) {
    const limits = limitsOf(config);
    const counter = counterOf(config, counters);
    const kind = { ...problemTypes.rateLimited, status: config.error_code } as ProblemType;
    const take = (key: string, at: Date) => {
      const taking = counter.take(key, limits, at);
      return taking instanceof Promise ? taking.catch(pass) : taking;
    };
    const pass = (cause: unknown) => {
      if (config.fault_tolerant) return undefined;
      const headers = { "retry-after": "1" };
      throw new Problem(problemTypes.unavailable, { headers, cause });
    };
    return {
      async access(exchange) {
        const at = now();
        const taking = take(`${place} ${callerOf(exchange, config)}`, at);
        const taken = taking instanceof Promise ? await taking : taking;
        if (!taken) return;
        const standing = standingOf(limits, taken, at.getTime());
        if (!config.hide_client_headers) exchange.answerHeaders.push(...headersOf(standing));
        if (taken.taken) return;
        const headers = { "retry-after": String(retryAfterSeconds(standing)) };
        throw new Problem(kind, { detail: config.error_message, headers });
      },
    };
  },
});

function counterOf(
  { policy, fault_tolerant: isTolerant }: RateLimitingConfig,
  { local, redis, redisAlone }: RequestCounters,
): RequestCounter {
  if (policy === "local") return local;
  return isTolerant ? redis : redisAlone;
}

/**
 * Whom a request counts for. Names of one kind are never those of another: a consumer's id means nothing
 * among the subjects of tokens.
 */
function callerOf(exchange: Exchange, config: RateLimitingConfig): string {
  return namedCaller(exchange, config) ?? `ip ${clientNetwork(exchange.clientIp)}`;
}

function namedCaller(
  { principal, consumer, credential, matched, request, target }: Exchange,
  { limit_by: limitBy, header_name: header, path }: RateLimitingConfig,
): string | undefined {
  switch (limitBy) {
    case "consumer":
      if (consumer) return `consumer ${consumer.id}`;
      return principal && `subject ${principal.subject}`;
    case "credential":
      if (credential) return `credential ${credential.id}`;
      return principal && `client ${principal.clientId}`;
    case "service":
      return matched?.service && `service ${matched.service.id}`;
    case "header": {
      const value = request.headers.get(header!);
      return value === null ? undefined : `header ${brief(value)}`;
    }
    case "path":
      return target.path === path ? `path ${path}` : undefined;
    case "ip":
      return undefined;
  }
}

/** Keys are kept in memory by the ten thousand: a long one is known by its hash. */
function brief(value: string): string {
  if (value.length <= 64) return `is ${value}`;
  return `hashes to ${createHash("sha256").update(value).digest("base64url")}`;
}
