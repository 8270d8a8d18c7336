import type { Redis } from "platform/redis";
import type { CloudEvent } from "./cloud_event.ts";
import { EmbeddedEventTail } from "./embedded_event_tail.ts";
import { RedisEventTail } from "./redis_event_tail.ts";

/** Another program's events, for each who reads: nobody shares them with others, and nobody is waited for. */
export interface EventTail extends Disposable {
  /**
   * Up to `limit` events after those read before, oldest first; at first those from the time on that the
   * tail was opened for, and maybe some before it. What is no event is left out.
   */
  read(limit: number): Promise<readonly CloudEvent[]>;
}

export interface TailOptions {
  /** The program whose events they are. */
  readonly source: string;
  /** Of its event file, where there is no Redis. */
  readonly path: string;
  /** Events before it are of no use. */
  readonly since: Date;
}

export function openEventTail(options: TailOptions, redis: Redis | undefined): EventTail {
  return redis ? new RedisEventTail(redis, options) : new EmbeddedEventTail(options);
}
