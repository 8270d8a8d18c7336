import type { TLSSocket } from "node:tls";
import postgres from "postgres";
import type { Secret } from "platform/config";
import {
  openPostgresSocket,
  type PostgresAddress,
  type PostgresIdentity,
} from "./postgres_socket.ts";

/** Runs statements: a template whose values travel apart from its text. */
export type Sql = postgres.Sql<{ bigint: number }>;

export interface PostgresConfig extends PostgresAddress {
  readonly database: string;
  readonly user: string;
  /** None where the certificate is enough. */
  readonly password?: Secret | undefined;
}

/** What the server itself ends, should we not be there to do so. */
export interface SessionLimits {
  readonly statementMsMax: number;
  readonly idleInTransactionMsMax: number;
}

const closeMsMax = 500;

/** 64-bit integers as numbers: who reads a row checks by its schema that they are safe ones. */
const bigint = { to: 20, from: [20], serialize: String, parse: Number };

/**
 * One connection, for one caller at a time. The driver's own pool is not used: it keeps connections that
 * a paused server never answers on, and writes to those that are gone, which ends the process.
 */
export class PostgresConnection implements AsyncDisposable {
  readonly sql: Sql;
  readonly openedMs = performance.now();
  usedMs = performance.now();
  /** Rejects when the connection ends, whoever ends it. The driver may not notice when that is early. */
  readonly ended: Promise<never>;
  readonly #socket: TLSSocket;
  #isOpen = true;

  private constructor(socket: TLSSocket, config: PostgresConfig, limits: SessionLimits) {
    this.#socket = socket;
    const { promise, reject } = Promise.withResolvers<never>();
    this.ended = promise;
    promise.catch(() => {/* Nobody needs to be waiting. */});
    const end = (cause: Error) => {
      this.#isOpen = false;
      reject(cause);
    };
    const hungUp = () => end(new Error("The server has hung up"));
    // Before the driver's own, so that it is known here by the time that the driver tells a caller.
    socket.once("error", end);
    socket.once("close", hungUp);
    if (socket.destroyed) hungUp();
    this.sql = openDriver(socket, config, limits);
  }

  /** @throws when the server cannot be reached or trusted, and when `signal` is aborted. */
  static async open(
    config: PostgresConfig,
    identity: PostgresIdentity,
    limits: SessionLimits,
    signal: AbortSignal,
  ): Promise<PostgresConnection> {
    return new PostgresConnection(
      await openPostgresSocket(config, identity, signal),
      config,
      limits,
    );
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Ends it now: whatever is waited for is rejected, and the server rolls back. */
  destroy(): void {
    this.#isOpen = false;
    this.#socket.destroy();
  }

  /** Takes leave of the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isOpen) await this.sql.end({ timeout: closeMsMax / 1_000 });
    this.destroy();
  }
}

function openDriver(
  socket: TLSSocket,
  { host, port, database, user, password }: PostgresConfig,
  { statementMsMax, idleInTransactionMsMax }: SessionLimits,
): Sql {
  let isGiven = false;
  // All that the driver would else look for in the environment is said here.
  const options = {
    host,
    port,
    database,
    user,
    // A function counts as given even where it gives nothing.
    password: () => password?.reveal() ?? "",
    /** The driver asks for another when this one ends: then its caller is told instead. */
    socket() {
      if (isGiven) throw new Error("Cannot go on: the connection has ended");
      isGiven = true;
      return socket;
    },
    // The socket is TLS already.
    ssl: false,
    sslnegotiation: null,
    max: 1,
    "max_pipeline": 1,
    "max_lifetime": null,
    "idle_timeout": undefined,
    // Deadlines are the caller's.
    "connect_timeout": 0,
    "keep_alive": 30,
    backoff: () => 0,
    prepare: true,
    debug: false,
    "fetch_types": false,
    publications: "",
    "no_subscribe": true,
    "target_session_attrs": "primary" as const,
    onnotice() {},
    types: { bigint },
    connection: {
      "application_name": "sallyport",
      "client_encoding": "UTF8",
      DateStyle: "ISO",
      TimeZone: "UTC",
      "statement_timeout": statementMsMax,
      "idle_in_transaction_session_timeout": idleInTransactionMsMax,
    },
  };
  return postgres(options);
}
