import { type CountedWindows, takeIn } from "../counted_windows.ts";
import type { Limit, RequestCounter, Taken } from "../ports.ts";
import { countedMs } from "../window.ts";

interface Entry {
  readonly windows: CountedWindows;
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
    const taken = takeIn(entry.windows, limits, atMs);
    entry.endsMs = Math.max(entry.endsMs, ...limits.map((limit) => atMs + countedMs(limit, atMs)));
    return taken;
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
