import { hash } from "node:crypto";
import { setImmediate } from "node:timers";
import { type Redis, RedisAwayError, RedisScript } from "platform/redis";
import type { Limit, RequestCounter, Taken } from "../ports.ts";
import { countedMs, shareOf, windowStartMs } from "../window.ts";

/**
 * KEYS: of each request its caller's windows, a hash of start, count and the count before by unit. ARGV: of each
 * request how long that is kept and how many windows follow; then of each window unit, start, limit, and, for
 * one that slides, the start of the window before, how much of that is left, and its length (else zeros).
 * A clock that was set back does not bring a window back. Gives of each request, one behind the other, whether
 * it was taken, then the count of each window, then what each had in the window before.
 */
const takeScript = new RedisScript(`
  local reply, at = {}, 1
  for _, key in ipairs(KEYS) do
    local kept_ms, length_of_request = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
    local windows, taken = {}, 1
    for i = at + 2, at + 1 + 6 * length_of_request, 6 do
      local unit, start, before = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 3])
      local left, length = tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5])
      local kept = redis.call('HMGET', key, unit .. ' start', unit, unit .. ' before')
      local kept_start, kept_count = tonumber(kept[1] or '-1'), tonumber(kept[2] or '0')
      local count, earlier = 0, 0
      if kept_start >= start then
        count, earlier = kept_count, tonumber(kept[3] or '0')
        if kept_start > start then start, left = kept_start, length end
      elseif length > 0 and kept_start == before then
        earlier = kept_count
      end
      local weighed = count
      if length > 0 then weighed = count + math.ceil(earlier * left / length) end
      if weighed >= tonumber(ARGV[i + 2]) then taken = 0 end
      table.insert(windows, { unit, start, count, earlier, weighed, length })
    end
    table.insert(reply, taken)
    local fields = {}
    for _, window in ipairs(windows) do
      local unit = window[1]
      table.insert(reply, window[5] + taken)
      table.insert(fields, unit .. ' start')
      table.insert(fields, string.format('%.0f', window[2]))
      table.insert(fields, unit)
      table.insert(fields, window[3] + 1)
      if window[6] > 0 then
        table.insert(fields, unit .. ' before')
        table.insert(fields, window[4])
      end
    end
    for _, window in ipairs(windows) do table.insert(reply, window[4]) end
    if taken == 1 then
      redis.call('HSET', key, unpack(fields))
      if redis.call('PTTL', key) < kept_ms then redis.call('PEXPIRE', key, kept_ms) end
    end
    at = at + 2 + 6 * length_of_request
  end
  return reply
`);

/** How many requests one script counts: Redis does nothing else meanwhile. */
export const takenTogetherMax = 64;

/** A request that waits for the end of this turn of the event loop. */
interface Taking {
  readonly key: string;
  readonly limits: readonly Limit[];
  readonly at: Date;
  readonly resolve: (taken: Taken | Promise<Taken>) => void;
  readonly reject: (thrown: unknown) => void;
}

/**
 * Counts in Redis, for all gateways together. While Redis is away, each counts for itself in `fallback`,
 * from zero: limits stay in force. What is asked within one turn of the event loop is one call of the script.
 */
export class RedisRequestCounter implements RequestCounter {
  readonly #redis: Redis;
  readonly #fallback: RequestCounter | undefined;
  #turn: Taking[] = [];

  constructor(redis: Redis, fallback?: RequestCounter) {
    this.#redis = redis;
    this.#fallback = fallback;
  }

  /** @throws {RedisAwayError} when Redis is away and there is no fallback. */
  take(key: string, limits: readonly Limit[], at: Date): Promise<Taken> {
    return new Promise((resolve, reject) => {
      if (this.#turn.length === 0) setImmediate(() => void this.#takeTurn());
      this.#turn.push({ key, limits, at, resolve, reject });
      if (this.#turn.length === takenTogetherMax) void this.#takeTurn();
    });
  }

  async #takeTurn(): Promise<void> {
    const turn = this.#turn;
    if (turn.length === 0) return;
    this.#turn = [];
    try {
      const reply = await this.#redis.run(takeScript, turn.map(nameOf), turn.flatMap(argumentsOf));
      const counts = new Counts(reply);
      const taken = turn.map(({ limits }) => counts.next(limits));
      for (const [index, { resolve }] of turn.entries()) resolve(taken[index]!);
    } catch (thrown) {
      const fallback = thrown instanceof RedisAwayError ? this.#fallback : undefined;
      for (const { key, limits, at, resolve, reject } of turn) {
        if (fallback) resolve(fallback.take(key, limits, at));
        else reject(thrown);
      }
    }
  }
}

/** What the script gave, request by request. */
class Counts {
  readonly #numbers: readonly unknown[];
  #at = 0;

  constructor(reply: unknown) {
    if (!Array.isArray(reply)) throw new TypeError("Cannot count: Redis gave no list");
    this.#numbers = reply;
  }

  next(limits: readonly Limit[]): Taken {
    const taken = this.#number() === 1;
    const counts = limits.map(() => this.#number());
    const earlier = limits.map(() => this.#number());
    return limits.some(isSliding) ? { taken, counts, earlier } : { taken, counts };
  }

  #number(): number {
    const number = this.#numbers[this.#at++];
    if (!Number.isInteger(number)) throw new TypeError("Cannot count: Redis gave no number");
    return number as number;
  }
}

function argumentsOf({ limits, at }: Taking): (string | number)[] {
  const atMs = at.getTime();
  const keptMs = Math.max(...limits.map((limit) => countedMs(limit, atMs)));
  const values: (string | number)[] = [keptMs, limits.length];
  for (const limit of limits) {
    const { unit, requestsMax } = limit;
    const startMs = windowStartMs(unit, atMs);
    values.push(unit, startMs, requestsMax);
    if (isSliding(limit)) {
      const { leftMs, lengthMs } = shareOf(unit, atMs);
      values.push(windowStartMs(unit, startMs - 1), leftMs, lengthMs);
    } else values.push(0, 0, 0);
  }
  return values;
}

function isSliding({ windowType }: Limit): boolean {
  return windowType === "sliding";
}

/** Says nothing of who it is that is counted: a key may be an address. */
function nameOf({ key }: Taking): string {
  return `sallyport:rate:${hash("sha256", key, "base64url")}`;
}
