import { createHash } from "node:crypto";
import { z } from "zod";
import { type Redis, RedisAwayError, RedisScript } from "platform/redis";
import type { Limit, RequestCounter, Taken } from "../ports.ts";
import { countedMs, shareOf, windowStartMs } from "../window.ts";

/**
 * KEYS: the caller's windows, a hash of start, count and the count before by unit. ARGV: how long it is kept;
 * then of each window unit, start, limit, and, for one that slides, the start of the window before, how much
 * of that is left, and its length (else zeros). A clock that was set back does not bring a window back.
 */
const takeScript = new RedisScript(`
  local counts, windows, earliers, taken, slides = {}, {}, {}, 1, false
  for i = 2, #ARGV, 6 do
    local unit, start, before = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 3])
    local left, length = tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5])
    local kept = redis.call('HMGET', KEYS[1], unit .. ' start', unit, unit .. ' before')
    local kept_start, kept_count = tonumber(kept[1] or '-1'), tonumber(kept[2] or '0')
    local count, earlier = 0, 0
    if kept_start >= start then
      count, earlier = kept_count, tonumber(kept[3] or '0')
      if kept_start > start then start, left = kept_start, length end
    elseif length > 0 and kept_start == before then
      earlier = kept_count
    end
    table.insert(windows, { unit, start, count, earlier })
    if length > 0 then
      slides = true
      count = count + math.ceil(earlier * left / length)
    end
    table.insert(counts, count)
    table.insert(earliers, earlier)
    if count >= tonumber(ARGV[i + 2]) then taken = 0 end
  end
  if taken == 1 then
    for n, window in ipairs(windows) do
      counts[n] = counts[n] + 1
      local unit = window[1]
      redis.call('HSET', KEYS[1], unit .. ' start', string.format('%.0f', window[2]), unit, window[3] + 1)
      if tonumber(ARGV[6 * n + 1]) > 0 then redis.call('HSET', KEYS[1], unit .. ' before', window[4]) end
    end
    if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
      redis.call('PEXPIRE', KEYS[1], ARGV[1])
    end
  end
  if slides then return { taken, counts, earliers } end
  return { taken, counts }
`);

const Counts = z.array(z.int());
const Reply = z.union([z.tuple([z.int(), Counts]), z.tuple([z.int(), Counts, Counts])]);

/**
 * Counts in Redis, for all gateways together. While Redis is away, each counts for itself in `fallback`,
 * from zero: limits stay in force. What is asked within one turn of the event loop goes out in one write.
 */
export class RedisRequestCounter implements RequestCounter {
  readonly #redis: Redis;
  readonly #fallback: RequestCounter | undefined;

  constructor(redis: Redis, fallback?: RequestCounter) {
    this.#redis = redis;
    this.#fallback = fallback;
  }

  /** @throws {RedisAwayError} when Redis is away and there is no fallback. */
  async take(key: string, limits: readonly Limit[], at: Date): Promise<Taken> {
    const atMs = at.getTime();
    const keptMs = Math.max(...limits.map((limit) => countedMs(limit, atMs)));
    const windows = limits.flatMap((limit) => argumentsOf(limit, atMs));
    try {
      const reply = await this.#redis.run(takeScript, [nameOf(key)], [keptMs, ...windows]);
      const [taken, counts, earlier] = Reply.parse(reply);
      return { taken: taken === 1, counts, ...earlier && { earlier } };
    } catch (thrown) {
      if (!(thrown instanceof RedisAwayError) || !this.#fallback) throw thrown;
      return await this.#fallback.take(key, limits, at);
    }
  }
}

function argumentsOf(
  { unit, requestsMax, windowType }: Limit,
  atMs: number,
): (string | number)[] {
  const startMs = windowStartMs(unit, atMs);
  if (windowType !== "sliding") return [unit, startMs, requestsMax, 0, 0, 0];
  const { leftMs, lengthMs } = shareOf(unit, atMs);
  return [unit, startMs, requestsMax, windowStartMs(unit, startMs - 1), leftMs, lengthMs];
}

/** Says nothing of who it is that is counted: a key may be an address. */
function nameOf(key: string): string {
  return `sallyport:rate:${createHash("sha256").update(key).digest("base64url")}`;
}
