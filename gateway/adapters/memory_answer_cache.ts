import type { AnswerCache, KeptAnswer } from "../ports.ts";

interface Entry {
  readonly answer: KeptAnswer;
  readonly untilMs: number;
  readonly bytes: number;
}

export interface MemoryAnswerCacheOptions {
  /** Of all that is kept, bodies, headers and keys. */
  readonly bytesMax?: number;
  readonly entriesMax?: number;
  /** In milliseconds, from any beginning. */
  readonly now?: () => number;
}

/** Keeps answers in this process. When there is no room, what was not asked for longest goes first. */
export class MemoryAnswerCache implements AnswerCache {
  readonly #bytesMax: number;
  readonly #entriesMax: number;
  readonly #now: () => number;
  /** What was not asked for longest comes first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(
    { bytesMax = 64 * 1024 ** 2, entriesMax = 10_000, now = () => performance.now() }:
      MemoryAnswerCacheOptions = {},
  ) {
    this.#bytesMax = bytesMax;
    this.#entriesMax = entriesMax;
    this.#now = now;
  }

  look(key: string): KeptAnswer | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#remove(key);
    if (entry.untilMs <= this.#now()) return undefined;
    this.#add(key, entry);
    return entry.answer;
  }

  keep(key: string, answer: KeptAnswer, keptMs: number): void {
    const bytes = bytesOf(key, answer);
    this.#remove(key);
    if (bytes > this.#bytesMax || this.#entriesMax < 1) return;
    while (this.#bytes + bytes > this.#bytesMax || this.#entries.size >= this.#entriesMax) {
      this.#remove(this.#entries.keys().next().value!);
    }
    this.#add(key, { answer, untilMs: this.#now() + keptMs, bytes });
  }

  #add(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
  }

  #remove(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}

/** Characters count as two bytes, as they may in memory; and an entry costs something by itself. */
function bytesOf(key: string, { body, headers, variant }: KeptAnswer): number {
  const texts = [key, ...headers.flat(), ...variant.flat()];
  return 500 + body.byteLength + 2 * texts.reduce((sum, { length }) => sum + length, 0);
}
