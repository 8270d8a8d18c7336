import { z } from "zod";
import { clientNetwork } from "platform/http";
import { Problem, problemTypes } from "platform/problem";
import type { Exchange } from "../exchange.ts";
import { definePlugin } from "../plugin.ts";
import { type Limit, type Taken, windowUnits } from "../ports.ts";
import { windowEndMs } from "../window.ts";

const limitBys = ["consumer", "credential", "ip"] as const;
type LimitBy = typeof limitBys[number];

const RequestsMax = z.int().positive().optional();

/** Plugin `rate-limiting`: each caller may make so many requests per calendar window, and no more. */
export const rateLimiting = definePlugin({
  name: "rate-limiting",
  config: z.strictObject({
    second: RequestsMax,
    minute: RequestsMax,
    hour: RequestsMax,
    day: RequestsMax,
    month: RequestsMax,
    year: RequestsMax,
    /** A caller without a token is counted by address, whatever is named here. */
    limit_by: z.enum(limitBys).default("consumer"),
    policy: z.literal("local").default("local"),
    hide_client_headers: z.boolean().default(false),
  }).refine((config) => windowUnits.some((unit) => config[unit] !== undefined), {
    message: `At least one of ${windowUnits.join(", ")} must be limited`,
  }),
  create(config, { counters, now, place }) {
    const limits = windowUnits.flatMap((unit) => {
      const requestsMax = config[unit];
      return requestsMax === undefined ? [] : [{ unit, requestsMax }];
    });
    return {
      async access(exchange) {
        const at = now();
        const key = `${place} ${callerOf(exchange, config.limit_by)}`;
        const taking = counters.take(key, limits, at);
        const taken = taking instanceof Promise ? await taking : taking;
        const standing = standingOf(limits, taken, at.getTime());
        if (!config.hide_client_headers) exchange.answerHeaders.push(...headersOf(standing));
        if (taken.taken) return;
        const headers = { "retry-after": String(retryAfterSeconds(standing)) };
        throw new Problem(problemTypes.rateLimited, { headers });
      },
    };
  },
});

function callerOf({ principal, clientIp }: Exchange, limitBy: LimitBy): string {
  if (limitBy === "ip" || !principal) return `ip ${clientNetwork(clientIp)}`;
  if (limitBy === "credential") return `credential ${principal.clientId}`;
  return `consumer ${principal.subject}`;
}

/** How one limit stands after a request. */
interface Standing extends Limit {
  readonly remaining: number;
  /** Until the window ends; at least 1. */
  readonly resetSeconds: number;
}

function standingOf(limits: readonly Limit[], { counts }: Taken, atMs: number): Standing[] {
  return limits.map((limit, index) => ({
    ...limit,
    remaining: Math.max(0, limit.requestsMax - counts[index]!),
    resetSeconds: Math.ceil((windowEndMs(limit.unit, atMs) - atMs) / 1000),
  }));
}

/** Until every window that is full has ended. */
function retryAfterSeconds(standing: readonly Standing[]): number {
  const full = standing.filter(({ remaining }) => remaining === 0);
  return Math.max(1, ...full.map(({ resetSeconds }) => resetSeconds));
}

/** Kong's headers: one pair per window, and the window that is nearest to its limit once more. */
function headersOf(standing: readonly Standing[]): [string, string][] {
  const nearest = standing.reduce((one, other) => other.remaining < one.remaining ? other : one);
  return [
    ...standing.flatMap(({ unit, requestsMax, remaining }): [string, string][] => [
      [`x-ratelimit-limit-${unit}`, String(requestsMax)],
      [`x-ratelimit-remaining-${unit}`, String(remaining)],
    ]),
    ["ratelimit-limit", String(nearest.requestsMax)],
    ["ratelimit-remaining", String(nearest.remaining)],
    ["ratelimit-reset", String(nearest.resetSeconds)],
  ];
}
