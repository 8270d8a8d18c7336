import { Buffer } from "node:buffer";
import { z } from "zod";
import { type Redis, RedisAwayError } from "platform/redis";
import type { AnswerCache, KeptAnswer } from "../ports.ts";

const Pairs = z.array(z.tuple([z.string(), z.string()]));

const Kept = z.strictObject({
  status: z.int().min(200).max(599),
  headers: Pairs,
  body: z.base64(),
  atMs: z.number(),
  freshMs: z.number(),
  variant: Pairs,
});

/** Larger ones are not kept: they would take longer than a command may. */
export const redisAnswerBytesMax = 1_048_576;

/**
 * Keeps answers in Redis, for all gateways together; in clear, so for what anybody with access to that Redis may
 * read. How much there is room for is for that Redis to say (`maxmemory`). While it is away, nothing is kept.
 */
export class RedisAnswerCache implements AnswerCache {
  readonly #redis: Redis;
  /** Nobody waits for what is kept. */
  readonly #background: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
    this.#background = redis.inBackground();
  }

  async look(key: string): Promise<KeptAnswer | undefined> {
    const text = await unlessAway(this.#redis.send(["GET", nameOf(key)]));
    return typeof text === "string" ? decode(text) : undefined;
  }

  async keep(key: string, { body, ...answer }: KeptAnswer, keptMs: number): Promise<void> {
    if (body.byteLength > redisAnswerBytesMax) return;
    const text = JSON.stringify({ ...answer, body: Buffer.from(body).toString("base64") });
    const lifeMs = String(Math.ceil(keptMs));
    await unlessAway(this.#background.send(["SET", nameOf(key), text, "PX", lifeMs]));
  }
}

function nameOf(key: string): string {
  return `sallyport:answer:${key}`;
}

/** Undefined when it was written by another version, or by somebody else. */
function decode(text: string): KeptAnswer | undefined {
  try {
    const { body, ...answer } = Kept.parse(JSON.parse(text));
    return { ...answer, body: new Uint8Array(Buffer.from(body, "base64")) };
  } catch {
    return undefined;
  }
}

async function unlessAway(reply: Promise<unknown>): Promise<unknown> {
  try {
    return await reply;
  } catch (thrown) {
    if (thrown instanceof RedisAwayError) return undefined;
    throw thrown;
  }
}
