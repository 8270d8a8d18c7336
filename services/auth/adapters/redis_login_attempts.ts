import { z } from "zod";
import type { BlindIndex } from "platform/crypto";
import { type Redis, RedisAwayError, RedisScript } from "platform/redis";
import {
  type AttemptKind,
  attemptLimits,
  attemptName,
  forgottenAfterMs,
  type LoginAttempt,
  refuseWhileWaiting,
} from "../domain/mod.ts";
import type { SignInAttempts } from "../ports.ts";

/**
 * KEYS: failures by account and by address, hashes of count and of when the last one was. ARGV: now; when
 * they are forgotten; then free failures and longest wait in ms of each. Answers with the wait; if there
 * is none, counts a failure of both, and answers with the count and time before of each, too.
 */
const beginScript = new RedisScript(`
  local now, forgotten_ms, wait_ms = tonumber(ARGV[1]), ARGV[2], 0
  local before = {}
  for i, key in ipairs(KEYS) do
    local kept = redis.call('HMGET', key, 'count', 'last')
    local count, last = tonumber(kept[1] or '0'), tonumber(kept[2] or '0')
    local free, longest_ms = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
    if count >= free then
      wait_ms = math.max(wait_ms, last + math.min(longest_ms, 1000 * 2 ^ (count - free)) - now)
    end
    table.insert(before, count)
    table.insert(before, string.format('%.0f', last))
  end
  if wait_ms > 0 then return { tostring(math.ceil(wait_ms)) } end
  for i, key in ipairs(KEYS) do
    redis.call('HSET', key, 'count', before[2 * i - 1] + 1, 'last', ARGV[1])
    redis.call('PEXPIRE', key, forgotten_ms)
  end
  return { '0', unpack(before) }
`);

/** KEYS: those whose last failure was none. ARGV: count and time before of each. */
const takeBackScript = new RedisScript(`
  for i, key in ipairs(KEYS) do
    local count = tonumber(redis.call('HGET', key, 'count') or '0')
    if count > 0 then
      if count == 1 then
        redis.call('DEL', key)
      else
        redis.call('HSET', key, 'count', count - 1)
        if count - 1 == tonumber(ARGV[2 * i - 1]) then
          redis.call('HSET', key, 'last', ARGV[2 * i])
        end
      end
    end
  end
`);

const Begun = z.array(z.coerce.number().int());

function limitsOf(kind: AttemptKind): readonly number[] {
  const { account, address } = attemptLimits[kind];
  return [account, address].flatMap(({ freeMax, delaySecondsMax }) => [
    freeMax,
    delaySecondsMax * 1_000,
  ]);
}

/**
 * Counts in Redis, for all replicas together, by the same rules as in the process. Whose attempts they are
 * is hidden behind `names`. While Redis is away, each replica counts for itself in
 * `fallback`, from zero.
 */
export class RedisLoginAttempts implements SignInAttempts {
  readonly #redis: Redis;
  readonly #names: BlindIndex;
  readonly #fallback: SignInAttempts;

  constructor(redis: Redis, names: BlindIndex, fallback: SignInAttempts) {
    this.#redis = redis;
    this.#names = names;
    this.#fallback = fallback;
  }

  async begin(
    email: string,
    address: string,
    at: Date,
    kind: AttemptKind = "password",
  ): Promise<LoginAttempt> {
    const account = this.#nameOf(attemptName(kind, "account", email));
    const network = this.#nameOf(attemptName(kind, "address", address));
    let reply: unknown;
    try {
      reply = await this.#redis.run(beginScript, [account, network], [
        at.getTime(),
        forgottenAfterMs,
        ...limitsOf(kind),
      ]);
    } catch (thrown) {
      if (!(thrown instanceof RedisAwayError)) throw thrown;
      return await this.#fallback.begin(email, address, at, kind);
    }
    const [waitMs, ...before] = Begun.parse(reply);
    refuseWhileWaiting(waitMs!, kind);
    const [ofAccount, ofNetwork] = [before.slice(0, 2), before.slice(2)];
    return {
      succeeded: async () => {
        await ifThere(this.#redis.send(["DEL", account]));
        await ifThere(this.#redis.run(takeBackScript, [network], ofNetwork));
      },
      wasNone: async () => {
        const both = [...ofAccount, ...ofNetwork];
        await ifThere(this.#redis.run(takeBackScript, [account, network], both));
      },
    };
  }

  #nameOf(whose: string): string {
    return `sallyport:sign-in:${this.#names.of(whose)}`;
  }
}

/** What cannot be taken back stays counted: whoever signed in may have to wait once more than they should. */
async function ifThere(asking: Promise<unknown>): Promise<void> {
  try {
    await asking;
  } catch (thrown) {
    if (!(thrown instanceof RedisAwayError)) throw thrown;
  }
}
