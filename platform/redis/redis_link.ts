import { pause } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";
import type { Redis, RedisScript } from "./redis.ts";
import type { RedisConfig } from "./redis_address.ts";
import {
  openRedisConnection,
  type RedisConnection,
  type RedisIdentity,
} from "./redis_connection.ts";
import { RedisAwayError } from "./redis_errors.ts";

/** All that a request may lose to a Redis that does not answer. */
export const commandDeadlineMs = 50;
/** The same for work that no request waits for. */
export const backgroundDeadlineMs = 2_000;
/**
 * So many commands in a row without an answer, and nothing heard for so long, and Redis is away until a
 * new connection says otherwise. Many that are missed at once say no more than one.
 */
export const missesMax = 3;
export const silenceMsMax = 150;
/** A timer that is later than that says more about this process than about Redis. */
const busyMs = 25;
export const connectTimeoutMs = 1_000;
export const reconnectPauseMs = { first: 50, longest: 1_000 } as const;

export interface RedisLinkOptions {
  readonly config: RedisConfig;
  readonly identity: RedisIdentity;
  readonly log: Logger;
  /** How long a command may take. */
  readonly deadlineMs?: number;
}

/**
 * The link of a program that can do without Redis, and without a link where none is configured. Waits for
 * the first connection for as long as one attempt may take: work that begins with the program finds it.
 */
export async function openRedisLink(
  config: RedisConfig | undefined,
  needs: Omit<RedisLinkOptions, "config">,
): Promise<RedisLink | undefined> {
  if (!config) return undefined;
  const link = new RedisLink({ config, ...needs });
  await link.ready(connectTimeoutMs).catch(() => {/* The link tells of it. */});
  return link;
}

/**
 * A connection to Redis that is opened again, with the newest certificate, whenever it is lost. While
 * there is none, commands fail at once: a Redis that is away costs nothing.
 */
export class RedisLink implements Redis, AsyncDisposable {
  readonly #options: RedisLinkOptions;
  readonly #stopping = new AbortController();
  readonly #listeners = new Set<() => void>();
  readonly #running: Promise<void>;
  readonly #following: Disposable;
  #connection: RedisConnection | undefined;
  #misses = 0;
  /** When Redis was last heard of. */
  #heardMs = 0;
  #lastFault: string | undefined;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    // The next connection tells whether it is this server that was revoked.
    this.#following = options.identity.onRevoked(() => this.#drop());
    this.#running = this.#stayConnected();
  }

  send(command: readonly string[]): Promise<unknown> {
    return this.#send(command, this.#deadlineMs);
  }

  run(
    script: RedisScript,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<unknown> {
    return this.#run(script, [keys, values], this.#deadlineMs);
  }

  inBackground(): Redis {
    const deadlineMs = Math.max(this.#deadlineMs, backgroundDeadlineMs);
    return {
      send: (command) => this.#send(command, deadlineMs),
      run: (script, keys, values) => this.#run(script, [keys, values], deadlineMs),
      inBackground: () => this.inBackground(),
      onReady: (listener) => this.onReady(listener),
    };
  }

  onReady(listener: () => void): Disposable {
    this.#listeners.add(listener);
    if (this.#connection) listener();
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** For who has nothing to do without Redis. @throws {RedisAwayError} when it is not there within `timeoutMs`. */
  async ready(timeoutMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      reject(new RedisAwayError(`Cannot reach Redis: it did not answer in ${timeoutMs} ms`));
    }, timeoutMs);
    using _ = this.onReady(resolve);
    await promise.finally(() => clearTimeout(timer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    this.#following[Symbol.dispose]();
    this.#drop();
    await this.#running;
  }

  get #deadlineMs(): number {
    return this.#options.deadlineMs ?? commandDeadlineMs;
  }

  async #send(command: readonly string[], deadlineMs: number): Promise<unknown> {
    try {
      return await this.#answer(command, deadlineMs);
    } catch (thrown) {
      throw this.#away(thrown);
    }
  }

  async #run(
    { sha, text }: RedisScript,
    [keys, values]: readonly [readonly string[], readonly (string | number)[]],
    deadlineMs: number,
  ): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...values.map(String)];
    try {
      return await this.#answer(["EVALSHA", sha, ...rest], deadlineMs).catch((thrown: Error) => {
        if (!thrown.message.startsWith("NOSCRIPT")) throw thrown;
        return this.#answer(["EVAL", text, ...rest], deadlineMs);
      });
    } catch (thrown) {
      throw this.#away(thrown);
    }
  }

  #answer(command: readonly string[], deadlineMs: number): Promise<unknown> {
    const connection = this.#connection;
    if (!connection) return Promise.reject(new Error("there is no connection"));
    return new Promise((resolve, reject) => {
      const startedMs = performance.now();
      // One more turn of the loop: an answer may be here already, and this process too busy to see it.
      const timer = setTimeout(() => setTimeout(missed), deadlineMs);
      let isOver = false;
      const missed = () => {
        if (isOver) return;
        const lateMs = performance.now() - startedMs - deadlineMs;
        // When the timer itself was late, it may be this process that was away.
        if (lateMs < busyMs) this.#miss(connection);
        reject(new Error(`no answer in ${deadlineMs} ms`));
      };
      const over = () => {
        isOver = true;
        clearTimeout(timer);
      };
      connection.send(command).then((reply) => {
        over();
        this.#misses = 0;
        this.#heardMs = performance.now();
        resolve(reply);
      }, (thrown) => {
        over();
        reject(thrown);
      });
    });
  }

  #miss(connection: RedisConnection): void {
    const isSilent = performance.now() - this.#heardMs >= silenceMsMax;
    if (++this.#misses >= missesMax && isSilent && this.#connection === connection) this.#drop();
  }

  /** What Redis itself refuses is told once to whoever runs it; that it is away is told by the connection. */
  #away(cause: unknown): RedisAwayError {
    const reason = (cause as Error).message;
    if (this.#connection && reason !== this.#lastFault) {
      this.#options.log.error("Redis does not do what it is asked", { "error.message": reason });
    }
    if (this.#connection) this.#lastFault = reason;
    return new RedisAwayError(`Cannot ask Redis: ${reason}`, { cause });
  }

  #drop(): void {
    this.#connection?.[Symbol.dispose]();
    this.#connection = undefined;
  }

  async #stayConnected(): Promise<void> {
    const { log } = this.#options;
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      try {
        using connection = await this.#open();
        log.info("Redis is there");
        failures = 0;
        await connection.ended;
        this.#connection = undefined;
        if (!signal.aborted) log.error("Redis is away");
      } catch (thrown) {
        if (failures++ === 0) {
          log.error("Cannot reach Redis", { "error.message": (thrown as Error).message });
        }
      }
      const pauseMs = Math.min(reconnectPauseMs.longest, reconnectPauseMs.first * 2 ** failures);
      await pause(pauseMs * (0.5 + Math.random() / 2), signal);
    }
  }

  async #open(): Promise<RedisConnection> {
    const { config, identity } = this.#options;
    const connection = await openRedisConnection(config, identity, connectTimeoutMs);
    if (this.#stopping.signal.aborted) {
      connection[Symbol.dispose]();
      throw new Error("the program stops");
    }
    this.#misses = 0;
    this.#heardMs = performance.now();
    this.#lastFault = undefined;
    this.#connection = connection;
    for (const listener of this.#listeners) listener();
    return connection;
  }
}
