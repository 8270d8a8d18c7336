import type { Logger } from "platform/telemetry";
import type { CacheCodec } from "./cache_codec.ts";
import { CacheAwayError, type CacheStore, type Look } from "./cache_store.ts";

/** What one cache keeps. */
export interface CacheOptions<Value> {
  /** Of what is kept: `orders.order`. Part of each key. */
  readonly name: string;
  readonly store: CacheStore;
  readonly codec: CacheCodec<Value>;
  /** How long a value is kept; each for up to a tenth more or less, so that they do not end together. */
  readonly ttlMs: number;
  readonly log: Logger;
  /** From 0 up to 1. */
  readonly random?: () => number;
}

/** How often a cache was of use. */
export interface CacheCounts {
  readonly hits: number;
  /** The store was asked, and the cache filled. */
  readonly misses: number;
  /** The store was asked because the cache could not be. */
  readonly bypasses: number;
}

const jitter = 0.1;

/**
 * Copies of what a store holds, by id. Reads see every change that was answered before they began: a
 * change invalidates, and what was read before it is neither kept nor given to those who came after it.
 * While the cache is away, everything comes from the store.
 */
export class Cache<Value> {
  readonly #options: CacheOptions<Value>;
  readonly #filling = new Map<string, Promise<Filled<Value>>>();
  readonly #counts = { hits: 0, misses: 0, bypasses: 0 };

  constructor(options: CacheOptions<Value>) {
    this.#options = options;
  }

  get counts(): CacheCounts {
    return { ...this.#counts };
  }

  /** The copy, or what `load` gives. Those who miss the same id at the same time share one `load`. */
  async read(
    id: string,
    load: () => Promise<Value | undefined>,
  ): Promise<Value | undefined> {
    const key = this.#keyOf(id);
    const shared = this.#filling.get(key);
    if (shared) {
      const { value, isCurrent } = await shared;
      // The others' value is from before a change that may have been answered before we asked.
      if (isCurrent) return value;
      this.#counts.misses++;
      return await load();
    }
    const look = await this.#look(key);
    if (look && "value" in look) return look.value;
    if (!look) {
      this.#counts.bypasses++;
      return await load();
    }
    return (await (this.#filling.get(key) ?? this.#startFill(key, look.token, load))).value;
  }

  /** To be called after a change is committed, and before it is answered. Never throws. */
  async invalidate(ids: readonly string[]): Promise<void> {
    const keys = ids.map((id) => this.#keyOf(id));
    for (const key of keys) this.#filling.delete(key);
    try {
      await this.#options.store.invalidate(keys);
    } catch (thrown) {
      this.#passOver(thrown);
    }
  }

  #keyOf(id: string): string {
    return `${this.#options.name}:${id}`;
  }

  /** Undefined when the cache cannot be asked. What is there and nobody can read is a miss. */
  async #look(key: string): Promise<{ value: Value } | { token: string } | undefined> {
    try {
      const { store } = this.#options;
      let look: Look = await store.look(key);
      if ("token" in look) return look;
      const value = this.#decode(look.value, key);
      if (value !== undefined) {
        this.#counts.hits++;
        return { value };
      }
      await store.invalidate([key]);
      look = await store.look(key);
      return "token" in look ? look : undefined;
    } catch (thrown) {
      this.#passOver(thrown);
      return undefined;
    }
  }

  /** Undefined when nobody can read it: it is of another version, or sealed under a key that is gone. */
  #decode(text: string, key: string): Value | undefined {
    try {
      return this.#options.codec.decode(text, key);
    } catch (thrown) {
      const { name, log } = this.#options;
      const type = thrown instanceof Error ? thrown.name : typeof thrown;
      log.warn("A copy cannot be read, and is made anew", {
        "cache.name": name,
        "error.type": type,
      });
      return undefined;
    }
  }

  #startFill(
    key: string,
    token: string,
    load: () => Promise<Value | undefined>,
  ): Promise<Filled<Value>> {
    const filling = this.#fill(key, token, load, () => {
      if (this.#filling.get(key) === filling) this.#filling.delete(key);
    });
    this.#filling.set(key, filling);
    return filling;
  }

  /** @param close from then on, nobody joins: who comes later than the fill must look for themself. */
  async #fill(
    key: string,
    token: string,
    load: () => Promise<Value | undefined>,
    close: () => void,
  ): Promise<Filled<Value>> {
    this.#counts.misses++;
    let value: Value | undefined;
    try {
      value = await load();
    } finally {
      close();
    }
    // What is absent now may be there in a moment, written by somebody who knows no token.
    if (value === undefined) return { value, isCurrent: false };
    try {
      const { codec, store, ttlMs, random = Math.random } = this.#options;
      const text = codec.encode(value, key);
      const keptMs = Math.round(ttlMs * (1 - jitter + 2 * jitter * random()));
      return { value, isCurrent: await store.fill(key, token, text, keptMs) };
    } catch (thrown) {
      this.#passOver(thrown);
      return { value, isCurrent: false };
    }
  }

  /** That the cache is away is told by what it is kept in; anything else is a fault, and no reason to fail. */
  #passOver(thrown: unknown): void {
    if (thrown instanceof CacheAwayError) return;
    this.#options.log.failure("Cannot use what is in the cache", thrown, {
      "cache.name": this.#options.name,
    });
  }
}

interface Filled<Value> {
  readonly value: Value | undefined;
  /** Whether nothing was invalidated between the first look and the fill. */
  readonly isCurrent: boolean;
}
