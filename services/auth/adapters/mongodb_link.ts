import {
  type Db,
  MongoClient,
  type MongoClientOptions,
  MongoError,
  MongoServerError,
  MongoWriteConcernError,
} from "mongodb";
import type { Secret } from "platform/config";
import { StoreUnavailableError } from "platform/store";
import { serverCheck, type TlsIdentity } from "platform/tls";

export interface MongodbLinkOptions {
  /** With the database as its path. */
  readonly url: Secret;
  /** PEM of who vouches for the server; `system`: the runtime's roots; unset: who vouches for us. */
  readonly ca?: string | undefined;
  /** Whose certificate we show, and whose denylist counts. */
  readonly identity: Pick<TlsIdentity, "material" | "onMaterial" | "isRevoked" | "onRevoked">;
  readonly callTimeoutMs?: number;
}

/** Less than half of what the gateway waits: a request may need more than one call. */
const callTimeoutMsDefault = 2_000;
/** Of a call: finding the server, opening a connection to it, waiting for one and for a majority, each. */
const reachShareMax = 0.75;
const connectionsMax = 20;
const connectionsMin = 1;
const connectionIdleMsMax = 60_000;

/** A write counts when a majority has it in its journal, and a read sees nothing that could be lost. */
const guarantees = {
  writeConcern: { w: "majority", journal: true },
  readConcern: { level: "majority" },
  readPreference: "primary",
  // Once in effect, by the server's own numbering; the driver leaves it out where a server has none.
  retryWrites: true,
  retryReads: true,
} satisfies MongoClientOptions;

/** What a server says when it is not, or no longer, the one to ask. */
const awayCodes: ReadonlySet<unknown> = new Set([
  6, // HostUnreachable
  7, // HostNotFound
  50, // MaxTimeMSExpired
  64, // WriteConcernFailed
  89, // NetworkTimeout
  91, // ShutdownInProgress
  189, // PrimarySteppedDown
  262, // ExceededTimeLimit
  9001, // SocketException
  10107, // NotWritablePrimary
  11600, // InterruptedAtShutdown
  11602, // InterruptedDueToReplStateChange
  13435, // NotPrimaryNoSecondaryOk
  13436, // NotPrimaryOrSecondary
]);

/** One database over mutual TLS. New connections show the newest of our certificates. */
export class MongodbLink implements AsyncDisposable {
  readonly #options: MongodbLinkOptions;
  readonly #following = new DisposableStack();
  readonly #closing = new Set<Promise<void>>();
  #pool: Pool;

  /** Connects at the first call. */
  constructor(options: MongodbLinkOptions) {
    this.#options = options;
    this.#pool = new Pool(clientOf(options));
    this.#following.use(options.identity.onMaterial(() => this.#renew()));
    // New connections tell whether it is this server that was revoked.
    this.#following.use(options.identity.onRevoked(() => this.#renew()));
  }

  /**
   * What `act` gives: one call of the database.
   *
   * @throws {StoreUnavailableError} when the server is away or does not answer in time. A write may then
   * be in effect all the same.
   */
  async run<T>(act: (db: Db) => Promise<T>): Promise<T> {
    try {
      return await inTime(this.#pool.use(act), this.#options.callTimeoutMs ?? callTimeoutMsDefault);
    } catch (thrown) {
      if (!isAway(thrown)) throw thrown;
      throw new StoreUnavailableError(`Cannot use MongoDB: ${(thrown as Error).name}`, {
        cause: thrown,
      });
    }
  }

  /** Calls under way are cut off. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#following.dispose();
    await Promise.all([...this.#closing, this.#pool.close()]);
  }

  /** The driver copies its options when a client is made: a new certificate needs a new one. */
  #renew(): void {
    const former = this.#pool;
    this.#pool = new Pool(clientOf(this.#options));
    const closing = former.idle().then(() => former.close())
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

/** A client with its connections, and how many calls are at it. */
class Pool {
  readonly #client: MongoClient;
  readonly #calls = new Set<Promise<unknown>>();

  constructor(client: MongoClient) {
    this.#client = client;
  }

  use<T>(act: (db: Db) => Promise<T>): Promise<T> {
    const call = act(this.#client.db());
    const counted: Promise<unknown> = call.catch(() => {}).finally(() =>
      this.#calls.delete(counted)
    );
    this.#calls.add(counted);
    return call;
  }

  /** Resolves when the calls that are under way have ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#calls);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

/** Whether `thrown` says that a unique key was there already. */
export function isDuplicateKey(thrown: unknown): boolean {
  return thrown instanceof MongoServerError && thrown.code === 11000;
}

/** Whether `thrown` says that the server has no such thing as it was asked for. */
export function isNotImplemented(thrown: unknown): boolean {
  return thrown instanceof MongoServerError && thrown.code === 238;
}

function clientOf(
  { url, ca, identity, callTimeoutMs = callTimeoutMsDefault }: MongodbLinkOptions,
): MongoClient {
  const { cert, key } = identity.material;
  const reachTimeoutMs = callTimeoutMs * reachShareMax;
  return new MongoClient(url.reveal(), {
    ...guarantees,
    writeConcern: { ...guarantees.writeConcern, wtimeoutMS: reachTimeoutMs },
    appName: "sallyport-auth",
    tls: true,
    cert,
    key,
    ...ca !== "system" && { ca: ca ?? identity.material.ca },
    checkServerIdentity: serverCheck(identity),
    connectTimeoutMS: reachTimeoutMs,
    serverSelectionTimeoutMS: reachTimeoutMs,
    waitQueueTimeoutMS: reachTimeoutMs,
    // A connection that was given up on must not serve the next call.
    socketTimeoutMS: callTimeoutMs,
    maxPoolSize: connectionsMax,
    minPoolSize: connectionsMin,
    maxIdleTimeMS: connectionIdleMsMax,
    ignoreUndefined: true,
  });
}

/** Everything that the driver throws by itself; of what a server says, that it cannot be asked now. */
function isAway(thrown: unknown): boolean {
  if (thrown instanceof MongoWriteConcernError) return true;
  if (thrown instanceof MongoServerError) return awayCodes.has(thrown.code);
  return thrown instanceof MongoError;
}

async function inTime<T>(call: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new StoreUnavailableError(`Cannot use MongoDB: no answer in ${timeoutMs} ms`));
  }, timeoutMs);
  try {
    return await Promise.race([call, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
