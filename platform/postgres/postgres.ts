import { pause } from "platform/lifecycle";
import { StoreUnavailableError } from "platform/store";
import { type PostgresConfig, PostgresConnection, type Sql } from "./postgres_connection.ts";
import { endsSession, isUnavailable, mayBeRepeated } from "./postgres_errors.ts";
import type { PostgresIdentity } from "./postgres_socket.ts";
import { Slots } from "./slots.ts";

export interface PostgresOptions {
  readonly config: PostgresConfig;
  readonly identity: PostgresIdentity;
  readonly connectionsMax?: number;
}

export interface TransactionOptions {
  /** How long it may take, with all its attempts and with waiting for a connection. */
  readonly deadlineMs?: number;
}

export const callMsMax = 2_000;
const connectionsMaxDefault = 10;
/** What waits longer may have been dropped by a network in between, without a word. */
const idleMsMax = 60_000;
/** A leaf lives a day: connections do not outlive it. */
const connectionAgeMsMax = 3_600_000;
/** How often a transaction is tried that others were in the way of. */
const attemptsMax = 10;
const retryMsMax = 20;
/** What the server waits for a caller of ours that has gone without a word. Longer than any transaction. */
const idleInTransactionMsMax = 30_000;

/**
 * Connections to one database, over mutual TLS. Every call has a deadline; a connection that did not keep
 * it, or that broke, is never used again.
 */
export class Postgres implements AsyncDisposable {
  readonly #options: PostgresOptions;
  readonly #slots: Slots;
  /** The one used last comes first: the others may then grow old. */
  readonly #idle: PostgresConnection[] = [];
  /** Those under way, each to be ended by its own. */
  readonly #calls = new Set<AbortController>();
  readonly #following: Disposable;
  readonly #commitListeners = new Set<(sql: Sql) => void>();
  /** Connections from before are not used any more: their server may have been revoked. */
  #trustedSinceMs = 0;
  #isClosed = false;

  constructor(options: PostgresOptions) {
    this.#options = options;
    this.#slots = new Slots(options.connectionsMax ?? connectionsMaxDefault);
    this.#following = options.identity.onRevoked(() => {
      this.#trustedSinceMs = performance.now();
    });
  }

  /**
   * Runs statements that need no transaction.
   *
   * @throws {StoreUnavailableError} when the server is away or does not answer by the deadline.
   */
  run<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#within(callMsMax, (signal) => this.#use(signal, ({ sql }) => work(sql)));
  }

  /**
   * All of `work` or nothing: when it throws, nothing is written and the error is passed on. It is called
   * anew when other transactions were in its way: who read without a lock at the first attempt takes one
   * at the second, so that nobody waits for ever.
   *
   * @throws {StoreUnavailableError} as {@linkcode run}. When the connection broke at the end, all of it may
   * have been written.
   */
  transaction<T>(
    work: (sql: Sql, attempt: number) => Promise<T>,
    { deadlineMs = callMsMax }: TransactionOptions = {},
  ): Promise<T> {
    return this.#within(deadlineMs, async (signal) => {
      for (let attempt = 1;; attempt++) {
        try {
          return await this.#use(
            signal,
            (connection) => this.#commit(connection, (sql) => work(sql, attempt)),
          );
        } catch (thrown) {
          if (!mayBeRepeated(thrown) || attempt === attemptsMax) throw thrown;
          // At random, so that those who met do not meet again.
          await pause(Math.random() * retryMsMax * attempt, signal);
        }
      }
    });
  }

  /** Has `listener` called after each transaction that was committed, with what its statements were run by. */
  onCommitted(listener: (sql: Sql) => void): void {
    this.#commitListeners.add(listener);
  }

  /** @throws {StoreUnavailableError} unless the server answers. */
  async check(): Promise<void> {
    await this.run((sql) => sql`select 1`);
  }

  /** Calls under way are cut off. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#following[Symbol.dispose]();
    for (const call of this.#calls) call.abort(closed());
    await Promise.all(this.#idle.splice(0).map((connection) => connection[Symbol.asyncDispose]()));
  }

  async #commit<T>(
    connection: PostgresConnection,
    work: (sql: Sql) => Promise<T>,
  ): Promise<T> {
    const result = await commit(connection, work);
    for (const listener of this.#commitListeners) listener(connection.sql);
    return result;
  }

  async #within<T>(deadlineMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw closed();
    const call = new AbortController();
    this.#calls.add(call);
    const message = `Cannot use store: it did not answer in ${deadlineMs} ms`;
    const timer = setTimeout(() => call.abort(new StoreUnavailableError(message)), deadlineMs);
    try {
      return await work(call.signal);
    } catch (thrown) {
      if (!isUnavailable(thrown)) throw thrown;
      throw new StoreUnavailableError("Cannot use store: it refuses", { cause: thrown });
    } finally {
      clearTimeout(timer);
      this.#calls.delete(call);
    }
  }

  /** Has `work` use a connection until it is over or `signal` is aborted, which ends both. */
  async #use<T>(
    signal: AbortSignal,
    work: (connection: PostgresConnection) => Promise<T>,
  ): Promise<T> {
    using _slot = await this.#slots.take(signal);
    const connection = this.#freshest() ?? await this.#open(signal);
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = () => {
      connection.destroy();
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([work(connection), connection.ended, aborted]);
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      if (endsSession(thrown)) connection.destroy();
      if (connection.isOpen) throw thrown;
      throw new StoreUnavailableError("Cannot use store: the connection broke", { cause: thrown });
    } finally {
      signal.removeEventListener("abort", abort);
      this.#keep(connection);
    }
  }

  #keep(connection: PostgresConnection): void {
    if (this.#isClosed) connection.destroy();
    if (!connection.isOpen) return;
    connection.usedMs = performance.now();
    this.#idle.push(connection);
  }

  /** Those that are too old take leave, and nobody waits for it. */
  #freshest(): PostgresConnection | undefined {
    const nowMs = performance.now();
    const isFresh = ({ isOpen, usedMs, openedMs }: PostgresConnection) =>
      isOpen && nowMs - usedMs < idleMsMax && nowMs - openedMs < connectionAgeMsMax &&
      openedMs >= this.#trustedSinceMs;
    const stale = this.#idle.filter((connection) => !isFresh(connection));
    for (const connection of stale) {
      this.#idle.splice(this.#idle.indexOf(connection), 1);
      void connection[Symbol.asyncDispose]();
    }
    return this.#idle.pop();
  }

  async #open(signal: AbortSignal): Promise<PostgresConnection> {
    const { config, identity } = this.#options;
    const limits = { statementMsMax: callMsMax, idleInTransactionMsMax };
    try {
      return await PostgresConnection.open(config, identity, limits, signal);
    } catch (cause) {
      signal.throwIfAborted();
      throw new StoreUnavailableError("Cannot use store: it cannot be connected to", { cause });
    }
  }
}

function closed(): StoreUnavailableError {
  return new StoreUnavailableError("Cannot use store: it is closed");
}

async function commit<T>(
  connection: PostgresConnection,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const { sql } = connection;
  await sql`begin`;
  try {
    const result = await work(sql);
    const { command } = await sql`commit`;
    // The server answers otherwise when a statement had failed, and nobody had passed that on.
    if (command !== "COMMIT") throw new Error("Cannot commit: a statement had failed");
    return result;
  } catch (thrown) {
    // What cannot be taken back here is when the connection ends.
    if (connection.isOpen) await sql`rollback`.catch(() => connection.destroy());
    throw thrown;
  }
}
