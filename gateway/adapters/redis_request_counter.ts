import { hash } from "node:crypto";
import { setImmediate } from "node:timers";
import { type Redis, RedisAwayError, RedisScript } from "platform/redis";
import type { Limit, RequestCounter, Taken, WindowUnit } from "../ports.ts";
import { countedMs, shareOf, windowStartMs } from "../window.ts";

/**
 * KEYS: of each request its caller's windows, a hash of start, count and the count before by unit. ARGV: of each
 * request the words of {@linkcode argumentOf}. A clock that was set back does not bring a window back. Gives of each request, one behind the other, whether
 * it was taken, then the count of each window, then what each had in the window before.
 */
const takeScript = new RedisScript(`
  local window_form = '(%a+) (%d+) (%d+) (%d+) (%d+) (%d+)'
  local reply = {}
  for at, key in ipairs(KEYS) do
    local kept_ms = tonumber(string.match(ARGV[at], '^%d+'))
    local windows, taken = {}, 1
    for unit, start, limit, before, left, length in string.gmatch(ARGV[at], window_form) do
      start, before, left, length = tonumber(start), tonumber(before), tonumber(left), tonumber(length)
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
      if weighed >= tonumber(limit) then taken = 0 end
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
      const reply = await this.#redis.run(takeScript, turn.map(nameOf), turn.map(argumentOf));
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

/**
 * How long the counts are kept, then of each window unit, start, limit, and, of one that slides, the start of the
 * window before, how much of that is left, and its length; else zeros.
 */
function argumentOf({ limits, at }: Taking): string {
  const atMs = at.getTime();
  let keptMs = 0;
  let windows = "";
  for (const limit of limits) {
    const { unit, requestsMax } = limit;
    const startMs = windowStartMs(unit, atMs);
    keptMs = Math.max(keptMs, countedMs(limit, atMs));
    windows += ` ${unit} ${startMs} ${requestsMax} ${
      isSliding(limit) ? earlierOf(unit, atMs) : "0 0 0"
    }`;
  }
  return keptMs + windows;
}

function earlierOf(unit: WindowUnit, atMs: number): string {
  const { leftMs, lengthMs } = shareOf(unit, atMs);
  return `${windowStartMs(unit, windowStartMs(unit, atMs) - 1)} ${leftMs} ${lengthMs}`;
}

function isSliding({ windowType }: Limit): boolean {
  return windowType === "sliding";
}

/** How many keys are known by their names in Redis. */
export const namesMax = 10_000;
const names = new Map<string, string>();

/** Says nothing of who it is that is counted: a key may be an address. */
function nameOf({ key }: Taking): string {
  const known = names.get(key);
  if (known) return known;
  const name = `sallyport:rate:${hash("sha256", key, "base64url")}`;
  if (names.size === namesMax) names.clear();
  names.set(key, name);
  return name;
}
