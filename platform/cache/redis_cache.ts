import { z } from "zod";
import { type Redis, RedisAwayError, RedisScript } from "platform/redis";
import { CacheAwayError, type CacheStore, type Look, tokenLifeMs } from "./cache_store.ts";

/** KEYS: value, token. ARGV: a new token, how long it is good. */
const lookScript = new RedisScript(`
  local value = redis.call('GET', KEYS[1])
  if value then return { 'value', value } end
  redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
  return { 'token', redis.call('GET', KEYS[2]) }
`);

/** KEYS: value, token. ARGV: token, value, how long it is kept. */
const fillScript = new RedisScript(`
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
`);

const Looked = z.union([
  z.tuple([z.literal("value"), z.string()]),
  z.tuple([z.literal("token"), z.string()]),
]);

/** Invalidations that could not be made, at most so many: what is beyond is left to the events. */
const owedMax = 100_000;
/** As many as are deleted well within the deadline of a command. */
const paidAtOnceMax = 1_000;

/**
 * Keeps copies in Redis, shared by all replicas. A token is random and is gone with an invalidation, a
 * flush or an eviction: then nothing is filled in, and the next look begins anew.
 */
export class RedisCache implements CacheStore {
  readonly #redis: Redis;
  readonly #owed = new Set<string>();

  constructor(redis: Redis) {
    this.#redis = redis;
    // For good, as the link is: what was written while Redis was away is in force as soon as it is back.
    redis.onReady(() => void this.#pay());
  }

  async look(key: string): Promise<Look> {
    const reply = await this.#ask(lookScript, keysOf(key), [crypto.randomUUID(), tokenLifeMs]);
    const [kind, text] = Looked.parse(reply);
    return kind === "value" ? { value: text } : { token: text };
  }

  async fill(key: string, token: string, value: string, ttlMs: number): Promise<boolean> {
    return await this.#ask(fillScript, keysOf(key), [token, value, ttlMs]) === 1;
  }

  async invalidate(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    try {
      await this.#redis.send(["DEL", ...keys.flatMap(keysOf)]);
    } catch (thrown) {
      for (const key of keys) if (this.#owed.size < owedMax) this.#owed.add(key);
      throw away(thrown);
    }
  }

  async #pay(): Promise<void> {
    const keys = [...this.#owed];
    this.#owed.clear();
    for (let paid = 0; paid < keys.length; paid += paidAtOnceMax) {
      const load = keys.slice(paid, paid + paidAtOnceMax);
      await this.invalidate(load).catch(() => {/* They are owed again. */});
    }
  }

  async #ask(
    script: RedisScript,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<unknown> {
    try {
      const reply = await this.#redis.run(script, keys, values);
      // One that came too late for its deadline, while Redis was there all the time.
      if (this.#owed.size > 0) void this.#pay();
      return reply;
    } catch (thrown) {
      throw away(thrown);
    }
  }
}

function away(thrown: unknown): unknown {
  if (!(thrown instanceof RedisAwayError)) return thrown;
  return new CacheAwayError("Cannot ask the cache: Redis is away", { cause: thrown });
}

function keysOf(key: string): [value: string, token: string] {
  return [`sallyport:cache:{${key}}`, `sallyport:cache:{${key}}:token`];
}
