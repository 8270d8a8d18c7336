import type { Limit, Taken, WindowUnit } from "./ports.ts";
import { shareOf, weighed, windowEndMs, windowStartMs } from "./window.ts";

export interface CountedWindow {
  startMs: number;
  count: number;
  /** In the window before. */
  earlier: number;
}

/** What is counted for one key. */
export type CountedWindows = Partial<Record<WindowUnit, CountedWindow>>;

/** Counts one request in the windows of all `limits` that `atMs` lies in, or in none when one of them is full. */
export function takeIn(windows: CountedWindows, limits: readonly Limit[], atMs: number): Taken {
  const counted = limits.map(({ unit }) => windowAt(windows, unit, atMs));
  const before = counted.map((window, index) => countOf(window, limits[index]!, atMs));
  const taken = before.every((count, index) => count < limits[index]!.requestsMax);
  if (taken) { for (const window of counted) window.count++; }
  const counts = taken ? before.map((count) => count + 1) : before;
  if (!limits.some(({ windowType }) => windowType === "sliding")) return { taken, counts };
  return { taken, counts, earlier: counted.map(({ earlier }) => earlier) };
}

/** The window of `unit` at `atMs`. A clock that was set back does not bring a window back. */
function windowAt(windows: CountedWindows, unit: WindowUnit, atMs: number): CountedWindow {
  const startMs = windowStartMs(unit, atMs);
  const window = windows[unit] ??= { startMs, count: 0, earlier: 0 };
  if (window.startMs < startMs) {
    // Only the window just before this one still weighs.
    window.earlier = windowEndMs(unit, window.startMs) === startMs ? window.count : 0;
    window.startMs = startMs;
    window.count = 0;
  }
  return window;
}

function countOf(
  { startMs, count, earlier }: CountedWindow,
  { unit, windowType }: Limit,
  atMs: number,
): number {
  if (windowType !== "sliding" || earlier === 0) return count;
  return count + weighed(earlier, shareOf(unit, Math.max(startMs, atMs)));
}
