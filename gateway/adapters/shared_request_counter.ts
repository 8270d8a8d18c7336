import { createHash } from "node:crypto";
import { type CountedWindow, type CountedWindows, takeIn } from "../counted_windows.ts";
import {
  type Limit,
  type RequestCounter,
  type Taken,
  type WindowUnit,
  windowUnits,
} from "../ports.ts";
import { countedMs } from "../window.ts";
import { SharedLocks } from "./shared_lock.ts";

/** Counts that several threads have together: to be made once, and given to each of them. */
export interface SharedCounts {
  readonly memory: SharedArrayBuffer;
  readonly sets: number;
  readonly ways: number;
  /** Where a key's set is cannot be told from outside. */
  readonly seed: number;
}

const waysMax = 16;
const keyBytesMax = 159;
/** Of an entry, in places of eight bytes: use, end, windows, and the key with its length before it. */
const useAt = 0;
const endsAt = 1;
const windowsAt = 2;
const keyAt = windowsAt + 3 * windowUnits.length;
const entryLength = keyAt + (1 + keyBytesMax) / 8;

/** Room for `keysMax` keys, 320 bytes each, of which the system gives those that are used. */
export function openSharedCounts(keysMax = 50_000): SharedCounts {
  const ways = Math.min(waysMax, keysMax);
  const sets = Math.floor(keysMax / ways);
  const memory = new SharedArrayBuffer(8 * (sets + sets * ways * entryLength));
  const [seed] = crypto.getRandomValues(new Uint32Array(1));
  return { memory, sets, ways, seed: seed! };
}

/**
 * Counts for all threads that have these counts. A key has its place in a small set: when that is full, the entry
 * whose windows have ended goes first, then the one that has been quiet longest, which starts at zero if it returns.
 */
export class SharedRequestCounter implements RequestCounter {
  readonly #counts: SharedCounts;
  readonly #locks: SharedLocks;
  readonly #places: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #key = new Uint8Array(1 + keyBytesMax);
  readonly #encoder = new TextEncoder();

  constructor(counts: SharedCounts) {
    const { memory, sets } = counts;
    this.#counts = counts;
    this.#locks = new SharedLocks(new Int32Array(memory, 0, sets));
    this.#places = new Float64Array(memory, 8 * sets);
    this.#bytes = new Uint8Array(memory, 8 * sets);
  }

  take(key: string, limits: readonly Limit[], at: Date): Taken {
    const set = this.#read(key) % this.#counts.sets;
    return this.#locks.holding(set, () => {
      const atMs = at.getTime();
      const entry = this.#entryIn(set, atMs);
      const windows = this.#windowsOf(entry, limits);
      const taken = takeIn(windows, limits, atMs);
      this.#keep(entry, windows);
      const endsMs = limits.map((limit) => atMs + countedMs(limit, atMs));
      this.#places[entry + endsAt] = Math.max(this.#places[entry + endsAt]!, ...endsMs);
      return taken;
    });
  }

  /** The key that is looked for from here on; of a long one its hash. @returns a number that is hard to guess. */
  #read(key: string): number {
    const own = this.#key;
    const text = this.#encoder.encodeInto(key, own.subarray(1));
    if (text.read < key.length) {
      return this.#read(`hashes to ${createHash("sha256").update(key).digest("base64url")}`);
    }
    own[0] = text.written;
    let hash = this.#counts.seed;
    for (let at = 0; at <= text.written; at++) hash = Math.imul(hash ^ own[at]!, 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    return (hash ^ (hash >>> 13)) >>> 0;
  }

  /** Where the entry of the key begins: one that was there, or one that is made for it. */
  #entryIn(set: number, atMs: number): number {
    const { ways } = this.#counts;
    const places = this.#places;
    const first = set * ways * entryLength;
    let known: number | undefined;
    let [lastUse, least] = [0, first];
    for (let way = 0; way < ways; way++) {
      const entry = first + way * entryLength;
      lastUse = Math.max(lastUse, places[entry + useAt]!);
      if (known === undefined && this.#isOurs(entry)) known = entry;
      if (this.#worth(entry, atMs) < this.#worth(least, atMs)) least = entry;
    }
    const entry = known ?? this.#begin(least);
    places[entry + useAt] = lastUse + 1;
    return entry;
  }

  /** The less, the sooner it may go: what is free, then what has ended, then what has been quiet. */
  #worth(entry: number, atMs: number): number {
    const use = this.#places[entry + useAt]!;
    return this.#places[entry + endsAt]! > atMs ? use : use - Number.MAX_SAFE_INTEGER;
  }

  #isOurs(entry: number): boolean {
    if (this.#places[entry + useAt] === 0) return false;
    const own = this.#key;
    const bytes = this.#bytes;
    const begin = 8 * (entry + keyAt);
    for (let at = 0; at <= own[0]!; at++) if (bytes[begin + at] !== own[at]) return false;
    return true;
  }

  #begin(entry: number): number {
    this.#places.fill(0, entry, entry + keyAt);
    this.#bytes.set(this.#key, 8 * (entry + keyAt));
    return entry;
  }

  #windowsOf(entry: number, limits: readonly Limit[]): CountedWindows {
    const windows: CountedWindows = {};
    for (const { unit } of limits) {
      const at = entry + placeOf(unit);
      // No window begins at zero, in 1970.
      if (this.#places[at]! > 0) windows[unit] = this.#windowAt(at);
    }
    return windows;
  }

  #windowAt(at: number): CountedWindow {
    const places = this.#places;
    return { startMs: places[at]!, count: places[at + 1]!, earlier: places[at + 2]! };
  }

  #keep(entry: number, windows: CountedWindows): void {
    for (const unit of windowUnits) {
      const window = windows[unit];
      if (!window) continue;
      const at = entry + placeOf(unit);
      this.#places[at] = window.startMs;
      this.#places[at + 1] = window.count;
      this.#places[at + 2] = window.earlier;
    }
  }
}

function placeOf(unit: WindowUnit): number {
  return windowsAt + 3 * windowUnits.indexOf(unit);
}
