import type { Redis } from "platform/redis";
import type { CloudEvent } from "./cloud_event.ts";
import type { EventPublisher } from "./event_stream.ts";
import { publishScript } from "./redis_event_scripts.ts";

/** The stream of a program's events. */
export function streamOf(program: string): string {
  return `sallyport:{events:${program}}`;
}

/** Events kept, read or not: older ones are forgotten. */
export const streamLengthMax = 100_000;
/** So long an event that is published again is known. A relay that was killed comes back sooner. */
export const idRememberedMs = 3_600_000;

/** Writes one program's events to its Redis stream. */
export class RedisEventPublisher implements EventPublisher {
  readonly #redis: Redis;
  readonly #stream: string;

  constructor(redis: Redis, program: string) {
    this.#redis = redis.inBackground();
    this.#stream = streamOf(program);
  }

  /** @throws {RedisAwayError} */
  async publish(events: readonly CloudEvent[]): Promise<void> {
    if (events.length === 0) return;
    const texts = events.flatMap((event) => [event.id, JSON.stringify(event)]);
    await this.#redis.run(publishScript, [this.#stream], [
      streamLengthMax,
      idRememberedMs,
      ...texts,
    ]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
