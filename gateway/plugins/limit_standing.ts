import { type Limit, type Taken, type WindowUnit, windowUnits } from "../ports.ts";
import { roomInMs, shareOf, weighed } from "../window.ts";

/** How one limit stands after a request. */
export interface Standing extends Limit {
  readonly remaining: number;
  /** Until there is room again when there is none, else until the window ends; at least 1. */
  readonly resetSeconds: number;
}

export function standingOf(limits: readonly Limit[], taken: Taken, atMs: number): Standing[] {
  return limits.map((limit, index) => {
    const count = taken.counts[index]!;
    const remaining = Math.max(0, limit.requestsMax - count);
    const earlier = taken.earlier?.[index] ?? 0;
    const share = shareOf(limit.unit, atMs);
    const isFull = remaining === 0 && limit.windowType === "sliding";
    const current = Math.max(0, count - weighed(earlier, share));
    const resetMs = isFull ? roomInMs(limit, { current, earlier }, atMs) : share.leftMs;
    return { ...limit, remaining, resetSeconds: Math.max(1, Math.ceil(resetMs / 1000)) };
  });
}

/** Until every window that is full has room. */
export function retryAfterSeconds(standing: readonly Standing[]): number {
  const full = standing.filter(({ remaining }) => remaining === 0);
  return Math.max(1, ...full.map(({ resetSeconds }) => resetSeconds));
}

/** Kong's headers: one pair per window, and the window that is nearest to its limit once more. */
export function headersOf(standing: readonly Standing[]): [string, string][] {
  const headers: [string, string][] = [];
  let nearest = standing[0]!;
  for (const one of standing) {
    if (one.remaining < nearest.remaining) nearest = one;
    const [limit, remaining] = headerNames[one.unit];
    headers.push([limit, String(one.requestsMax)], [remaining, String(one.remaining)]);
  }
  headers.push(
    ["ratelimit-limit", String(nearest.requestsMax)],
    ["ratelimit-remaining", String(nearest.remaining)],
    ["ratelimit-reset", String(nearest.resetSeconds)],
  );
  return headers;
}

const headerNames = Object.fromEntries(
  windowUnits.map((unit) => [unit, [`x-ratelimit-limit-${unit}`, `x-ratelimit-remaining-${unit}`]]),
) as Record<WindowUnit, [limit: string, remaining: string]>;
