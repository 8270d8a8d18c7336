import type { EventsConfig } from "platform/config";
import type { Redis } from "platform/redis";
import { EmbeddedEventPublisher } from "./embedded_event_publisher.ts";
import { EmbeddedEventReader } from "./embedded_event_reader.ts";
import type { DeadLetters, EventPublisher, EventReader } from "./event_stream.ts";
import { RedisEventPublisher } from "./redis_event_publisher.ts";
import { RedisEventReader } from "./redis_event_reader.ts";

/** Where `program` publishes: its Redis stream, or without Redis the file at `path`. */
export function openEventPublisher(
  { program, path }: EventsConfig,
  redis: Redis | undefined,
): EventPublisher {
  return redis ? new RedisEventPublisher(redis, program) : new EmbeddedEventPublisher(path);
}

/** Which program's events a group reads, and where when there is no Redis. */
export interface EventGroup {
  readonly source: string;
  readonly group: string;
  /** As those of {@linkcode EmbeddedEventReader}. */
  readonly path: string;
  readonly groupPath: string;
}

/** Where a group reads: its source's Redis stream, or without Redis the files. */
export function openEventReader(
  { source, group, path, groupPath }: EventGroup,
  redis: Redis | undefined,
): EventReader & DeadLetters {
  return redis
    ? new RedisEventReader(redis, { source, group })
    : new EmbeddedEventReader({ path, groupPath });
}
