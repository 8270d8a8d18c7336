import type { Limit, RequestCounter, Taken, WindowUnit } from "../ports.ts";
import { countedMs, shareOf, weighed, windowEndMs, windowStartMs } from "../window.ts";

interface Window {
  startMs: number;
  count: number;
  /** In the window before. */
  earlier: number;
}

type Windows = Partial<Record<WindowUnit, Window>>;

interface Entry {
  readonly windows: Windows;
  /** When the last of its counts is of no use any more: nothing is lost by dropping the entry then. */
  endsMs: number;
}

export interface MemoryRequestCounterOptions {
  /** How many keys are counted at one time: about 200 bytes each. */
  readonly keysMax?: number;
}

/**
 * Counts in this process only. Keeps at most `keysMax` keys: when there are more, those whose windows
 * have ended go first, then the one that has been quiet longest, which starts at zero if it returns.
 */
export class MemoryRequestCounter implements RequestCounter {
  readonly #keysMax: number;
  /** The key that was quiet longest comes first. */
  readonly #entries = new Map<string, Entry>();

  constructor({ keysMax = 50_000 }: MemoryRequestCounterOptions = {}) {
    this.#keysMax = keysMax;
  }

  take(key: string, limits: readonly Limit[], at: Date): Taken {
    const atMs = at.getTime();
    const entry = this.#entryOf(key, atMs);
    const windows = limits.map(({ unit }) => windowAt(entry.windows, unit, atMs));
    const before = windows.map((window, index) => countOf(window, limits[index]!, atMs));
    const taken = before.every((count, index) => count < limits[index]!.requestsMax);
    if (taken) { for (const window of windows) window.count++; }
    entry.endsMs = Math.max(entry.endsMs, ...limits.map((limit) => atMs + countedMs(limit, atMs)));
    const counts = taken ? before.map((count) => count + 1) : before;
    if (!limits.some(({ windowType }) => windowType === "sliding")) return { taken, counts };
    return { taken, counts, earlier: windows.map(({ earlier }) => earlier) };
  }

  #entryOf(key: string, atMs: number): Entry {
    const entry = this.#entries.get(key) ?? { windows: {}, endsMs: 0 };
    if (!this.#entries.delete(key)) this.#makeRoom(atMs);
    this.#entries.set(key, entry);
    return entry;
  }

  /** Looks at a few of the quietest only, so that no request pays for a sweep. */
  #makeRoom(atMs: number): void {
    let looks = 2;
    for (const [key, { endsMs }] of this.#entries) {
      if (looks-- === 0) break;
      if (endsMs > atMs && this.#entries.size < this.#keysMax) break;
      this.#entries.delete(key);
    }
  }
}

/** The window of `unit` at `atMs`. A clock that was set back does not bring a window back. */
function windowAt(windows: Windows, unit: WindowUnit, atMs: number): Window {
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
  { startMs, count, earlier }: Window,
  { unit, windowType }: Limit,
  atMs: number,
): number {
  if (windowType !== "sliding" || earlier === 0) return count;
  return count + weighed(earlier, shareOf(unit, Math.max(startMs, atMs)));
}
