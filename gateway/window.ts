import type { WindowUnit } from "./ports.ts";

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

function monthStart(atMs: number, later: number): number {
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + later);
}

function yearStart(atMs: number, later: number): number {
  return Date.UTC(new Date(atMs).getUTCFullYear() + later, 0);
}
