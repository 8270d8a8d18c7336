import { z } from "zod";
import type { Redis, RedisScript } from "platform/redis";
import { parseEvent } from "./cloud_event.ts";
import {
  type DeadLetter,
  type DeadLetters,
  type Delivery,
  type EventReader,
  malformed,
  type RetryRules,
  retryRules,
} from "./event_stream.ts";
import { streamLengthMax, streamOf } from "./redis_event_publisher.ts";
import {
  buryScript,
  failedScript,
  handledScript,
  leaveScript,
  readScript,
  replayScript,
} from "./redis_event_scripts.ts";

const Given = z.tuple([z.string(), z.array(z.tuple([z.string(), z.string()]))]);
const name = z.string();
const text = z.string();
const Letters = z.array(
  z.tuple([z.string(), z.tuple([name, text, name, text, name, text, name, text])]),
);

export interface RedisEventReaderOptions {
  /** Whose events are read. */
  readonly source: string;
  readonly group: string;
  readonly rules?: RetryRules;
}

/** Reads another program's Redis stream, as one of any number of readers of a group. */
export class RedisEventReader implements EventReader, DeadLetters {
  readonly #redis: Redis;
  readonly #group: string;
  readonly #rules: RetryRules;
  readonly #keys: readonly [stream: string, retries: string, tries: string, dead: string];
  readonly #name = crypto.randomUUID();
  /** Where the group's pending entries were looked through last, for abandoned ones. */
  #cursor = "0-0";

  constructor(redis: Redis, { source, group, rules = retryRules }: RedisEventReaderOptions) {
    this.#redis = redis.inBackground();
    this.#group = group;
    this.#rules = rules;
    const stream = streamOf(source);
    const keyOf = (kind: string) => `${stream}:${kind}:${group}`;
    this.#keys = [stream, keyOf("retries"), keyOf("tries"), keyOf("dead")];
  }

  /** @throws {RedisAwayError}, as all methods. */
  async read(limit: number): Promise<readonly Delivery[]> {
    const reply = await this.#run(readScript, [
      this.#name,
      limit,
      this.#rules.abandonedAfterMs,
      this.#cursor,
    ]);
    const [cursor, given] = Given.parse(reply);
    this.#cursor = cursor;
    const deliveries: Delivery[] = [];
    for (const [position, text] of given) {
      const event = parseEvent(text);
      if (event) deliveries.push({ position, event });
      else await this.#run(buryScript, [position, malformed, 0]);
    }
    return deliveries;
  }

  async handled({ position }: Delivery): Promise<void> {
    await this.#run(handledScript, [position]);
  }

  async failed({ position }: Delivery, reason: string): Promise<boolean> {
    const { firstPauseMs, longestPauseMs, attemptsMax, triedForMs } = this.#rules;
    const rules = [firstPauseMs, longestPauseMs, attemptsMax, triedForMs];
    return await this.#run(failedScript, [position, reason, ...rules]) === 1;
  }

  async list(limit: number): Promise<readonly DeadLetter[]> {
    const [, , , dead] = this.#keys;
    const reply = await this.#redis.send(["XRANGE", dead, "-", "+", "COUNT", String(limit)]);
    // In the order in which they were written.
    return Letters.parse(reply).map(([id, [, text, , reason, , attempts, , atMs]]) => ({
      id,
      text,
      reason,
      attempts: Number(attempts),
      at: new Date(Number(atMs)),
    }));
  }

  async replay(id: string): Promise<boolean> {
    if (!/^\d+-\d+$/.test(id)) return false;
    return await this.#run(replayScript, [id, streamLengthMax]) === 1;
  }

  /** What this reader took and has not handled is given to others, at once if Redis is there. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run(leaveScript, [this.#name]).catch(() => {
      // Then it is given to them when it has been abandoned for long enough.
    });
  }

  #run(script: RedisScript, values: readonly (string | number)[]): Promise<unknown> {
    return this.#redis.run(script, this.#keys, [this.#group, ...values]);
  }
}
