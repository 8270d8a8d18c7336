import type { Limit, WindowUnit } from "./ports.ts";

const lengthMs = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** When the window of `unit` that `atMs` lies in began, in milliseconds since 1970. */
export function windowStartMs(unit: WindowUnit, atMs: number): number {
  if (unit === "month") return monthStart(atMs, 0);
  if (unit === "year") return yearStart(atMs, 0);
  return atMs - atMs % lengthMs[unit];
}

/** When that window ends: the first millisecond of the next one. */
export function windowEndMs(unit: WindowUnit, atMs: number): number {
  if (unit === "month") return monthStart(atMs, 1);
  if (unit === "year") return yearStart(atMs, 1);
  return windowStartMs(unit, atMs) + lengthMs[unit];
}

/** How long after `atMs` counts of the window are still asked for. */
export function countedMs({ unit, windowType }: Limit, atMs: number): number {
  const endMs = windowEndMs(unit, atMs);
  return (windowType === "sliding" ? windowEndMs(unit, endMs) : endMs) - atMs;
}

/** How much of the window before is left at `atMs`, as a fraction: `leftMs` of `lengthMs`. */
export interface Share {
  readonly leftMs: number;
  readonly lengthMs: number;
}

export function shareOf(unit: WindowUnit, atMs: number): Share {
  const endMs = windowEndMs(unit, atMs);
  return { leftMs: endMs - atMs, lengthMs: endMs - windowStartMs(unit, atMs) };
}

/** What `earlier` requests of the window before count for. Rounded up: a limit is never exceeded. */
export function weighed(earlier: number, { leftMs, lengthMs }: Share): number {
  return Math.ceil(earlier * leftMs / lengthMs);
}

/** How one sliding window stands. */
export interface SlidingCount {
  /** In the window itself. */
  readonly current: number;
  /** In the window before. */
  readonly earlier: number;
}

/** How long until a sliding window has room for one more request, when nobody asks before; 0 when it has. */
export function roomInMs(
  { unit, requestsMax }: Limit,
  { current, earlier }: SlidingCount,
  atMs: number,
): number {
  const share = shareOf(unit, atMs);
  const free = requestsMax - 1 - current;
  if (free >= weighed(earlier, share)) return 0;
  if (free >= 0) return share.leftMs - Math.floor(free * share.lengthMs / earlier);
  // Not before the next window, when what is counted now is what was before.
  const endMs = atMs + share.leftMs;
  const next = shareOf(unit, endMs);
  return share.leftMs + next.lengthMs - Math.floor((requestsMax - 1) * next.lengthMs / current);
}

function monthStart(atMs: number, later: number): number {
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + later);
}

function yearStart(atMs: number, later: number): number {
  return Date.UTC(new Date(atMs).getUTCFullYear() + later, 0);
}
