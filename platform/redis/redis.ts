import { createHash } from "node:crypto";

/** What adapters ask of Redis. Every answer comes, or fails, within the deadline of a command. */
export interface Redis {
  /** @throws {RedisAwayError} at once while Redis is away. */
  send(command: readonly string[]): Promise<unknown>;
  /** As {@linkcode Redis.send}, for a script: one round trip, and nothing else happens in between. */
  run(
    script: RedisScript,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<unknown>;
  /** The same Redis for work that nobody waits for: its commands have longer to be answered. */
  inBackground(): Redis;
  /** Calls `listener` each time that Redis has come back, the first time included. */
  onReady(listener: () => void): Disposable;
}

/** A Lua script that the server keeps by its hash. */
export class RedisScript {
  readonly sha: string;

  constructor(readonly text: string) {
    this.sha = createHash("sha1").update(text).digest("hex");
  }
}
