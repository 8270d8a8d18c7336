import { type CacheStore, type Look, tokenLifeMs } from "./cache_store.ts";

interface Entry {
  /** Of the value when there is one, else of the token. */
  readonly untilMs: number;
  readonly value?: string;
  readonly token?: string;
}

export interface MemoryCacheOptions {
  readonly entriesMax?: number;
  readonly now?: () => number;
}

/** Keeps copies in this process: for a program that is the only writer of its store. */
export class MemoryCache implements CacheStore {
  readonly #entriesMax: number;
  readonly #now: () => number;
  /** What was written longest ago comes first. */
  readonly #entries = new Map<string, Entry>();

  constructor({ entriesMax = 10_000, now = () => performance.now() }: MemoryCacheOptions = {}) {
    this.#entriesMax = entriesMax;
    this.#now = now;
  }

  look(key: string): Promise<Look> {
    const entry = this.#live(key);
    if (entry?.value !== undefined) return Promise.resolve({ value: entry.value });
    const token = entry?.token ?? crypto.randomUUID();
    this.#write(key, { token, untilMs: this.#now() + tokenLifeMs });
    return Promise.resolve({ token });
  }

  fill(key: string, token: string, value: string, ttlMs: number): Promise<boolean> {
    const isCurrent = this.#live(key)?.token === token;
    if (isCurrent) this.#write(key, { value, untilMs: this.#now() + ttlMs });
    return Promise.resolve(isCurrent);
  }

  invalidate(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#entries.delete(key);
    return Promise.resolve();
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.untilMs > this.#now() ? entry : undefined;
  }

  #write(key: string, entry: Entry): void {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#entriesMax) {
      this.#entries.delete(this.#entries.keys().next().value!);
    }
    this.#entries.set(key, entry);
  }
}
