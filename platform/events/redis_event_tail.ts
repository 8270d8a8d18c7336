import { z } from "zod";
import type { Redis } from "platform/redis";
import { type CloudEvent, parseEvent } from "./cloud_event.ts";
import type { EventTail } from "./event_tail.ts";
import { streamOf } from "./redis_event_publisher.ts";

const Entries = z.array(z.tuple([z.string(), z.array(z.string())]));
/** Redis numbers entries by its own clock, which may be ahead of ours. */
const clockSkewMs = 60_000;

/** Reads another program's Redis stream, outside of all groups. All of it throws {@linkcode RedisAwayError}. */
export class RedisEventTail implements EventTail {
  readonly #redis: Redis;
  readonly #stream: string;
  #start: string;

  constructor(
    redis: Redis,
    { source, since }: { readonly source: string; readonly since: Date },
  ) {
    this.#redis = redis.inBackground();
    this.#stream = streamOf(source);
    this.#start = String(Math.max(0, since.getTime() - clockSkewMs));
  }

  async read(limit: number): Promise<readonly CloudEvent[]> {
    const command = ["XRANGE", this.#stream, this.#start, "+", "COUNT", String(limit)];
    const entries = Entries.parse(await this.#redis.send(command));
    const last = entries.at(-1);
    if (last) this.#start = `(${last[0]}`;
    return entries.flatMap(([, fields]) => parseEvent(fieldOf(fields, "event")) ?? []);
  }

  [Symbol.dispose](): void {}
}

function fieldOf(fields: readonly string[], name: string): string {
  const at = fields.findIndex((field, index) => index % 2 === 0 && field === name);
  return at < 0 ? "" : fields[at + 1] ?? "";
}
