import type { Counter, Logger, MetricsRegistry } from "platform/telemetry";
import { isBelow, LogFile } from "./log_file.ts";
import { LogQueue, type LogQueueLimits } from "./log_queue.ts";

/** Where entries of plugins go. */
export interface LogSink {
  /** Never waits, never throws. An entry that there is no room for is dropped and counted. */
  write(entry: string): void;
}

/** A server that entries are sent to. */
export interface LogEndpoint {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** How long a connection is kept that nothing is sent on. */
  readonly keepaliveMs: number;
  /** Whether each entry is sent alone; else they come as a JSON array. */
  readonly isSingle: boolean;
  readonly limits: LogQueueLimits;
}

export interface LogSinksOptions {
  /** Below it files are written, and nowhere else; undefined: there are none. */
  readonly dir: string | undefined;
  readonly fetch: typeof fetch;
  readonly metrics: MetricsRegistry;
  readonly log: Logger;
}

/** Sinks at one time. Beyond it the one that has been silent longest is emptied and closed. */
const sinksMax = 64;
const mebibyte = 1_048_576;

const fileLimits: LogQueueLimits = {
  entriesMax: 10_000,
  lengthMax: 16 * mebibyte,
  batchMax: 1_000,
  delayMs: 100,
  retryMsMax: 5_000,
  firstRetryDelayMs: 100,
  retryDelayMsMax: 1_000,
  drainMs: 5_000,
};

interface Opened extends LogSink, AsyncDisposable {}

/** Sinks by where they lead: whatever configurations come and go, two never write to one place. */
export class LogSinks implements AsyncDisposable {
  readonly #options: LogSinksOptions;
  /** The one written to last comes last. */
  readonly #opened = new Map<string, Opened>();
  readonly #keys = new WeakMap<LogEndpoint, string>();
  readonly #closing = new Set<Promise<void>>();

  constructor(options: LogSinksOptions) {
    this.#options = options;
  }

  /** Why nothing can be written to a file of this name; undefined when it can be tried. */
  pathFault(path: string): string | undefined {
    const { dir } = this.#options;
    if (dir === undefined) return "no log files: GATEWAY_LOG_DIR names no directory";
    return isBelow(path, dir) ? undefined : "not a path below the directory for logs";
  }

  /** The sink that appends to the file. @throws {RangeError} for a path that has a fault. */
  file(path: string, { reopens }: { readonly reopens: boolean }): LogSink {
    const fault = this.pathFault(path);
    if (fault) throw new RangeError(`Cannot log to file: ${fault}`);
    return this.#sink(`file ${reopens} ${path}`, () => {
      const file = new LogFile(path, { dir: this.#options.dir!, reopens });
      return this.#queue("file", fileLimits, {
        deliver: (entries) => file.append(entries),
        close: () => file[Symbol.dispose](),
      });
    });
  }

  http(endpoint: LogEndpoint): LogSink {
    const key = this.#keys.get(endpoint) ?? `http ${JSON.stringify(endpoint)}`;
    this.#keys.set(endpoint, key);
    return this.#sink(key, () => {
      const client = Deno.createHttpClient({ poolIdleTimeout: endpoint.keepaliveMs });
      return this.#queue("http", endpoint.limits, {
        deliver: (entries) => this.#send({ ...endpoint, client }, entries),
        close: () => client.close(),
      });
    });
  }

  /** Delivers what waits, as far as that can be done at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const sink of this.#opened.values()) this.#close(sink);
    this.#opened.clear();
    await Promise.all(this.#closing);
  }

  #sink(key: string, open: () => Opened): LogSink {
    const sink = this.#opened.get(key) ?? open();
    this.#opened.delete(key);
    const [silent] = this.#opened;
    if (silent && this.#opened.size >= sinksMax) {
      this.#opened.delete(silent[0]);
      this.#close(silent[1]);
    }
    this.#opened.set(key, sink);
    return sink;
  }

  #close(sink: Opened): void {
    const closing = Promise.resolve(sink[Symbol.asyncDispose]());
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }

  #queue(
    kind: "file" | "http",
    limits: LogQueueLimits,
    { deliver, close }: {
      readonly deliver: (entries: readonly string[]) => Promise<void>;
      readonly close: () => void;
    },
  ): Opened {
    const losses = new Losses(kind, this.#options);
    const queue = new LogQueue({
      limits,
      async deliver(entries) {
        await deliver(entries);
        losses.areOver();
      },
      onDropped: (count, cause) => losses.dropped(count, cause),
    });
    return {
      write: (entry) => queue.write(entry),
      async [Symbol.asyncDispose]() {
        await queue[Symbol.asyncDispose]();
        close();
      },
    };
  }

  async #send(
    { url, method, headers, timeoutMs, isSingle, client }: LogEndpoint & {
      readonly client: Deno.HttpClient;
    },
    entries: readonly string[],
  ): Promise<void> {
    const response = await this.#options.fetch(url, {
      method,
      headers,
      body: isSingle ? entries.join("") : `[${entries.join(",")}]`,
      redirect: "manual",
      client,
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`Cannot send log: the server answered ${response.status}`);
  }
}

/** Entries that were dropped: each is counted, and the log is told when it begins. */
class Losses {
  readonly #log: Logger;
  readonly #kind: string;
  readonly #counter: Counter;
  #isTold = false;

  constructor(kind: string, { log, metrics }: LogSinksOptions) {
    this.#log = log;
    this.#kind = kind;
    this.#counter = metrics.counter({
      name: "gateway_log_entries_dropped_total",
      help: "Entries of log plugins that could not be kept or delivered",
      labels: ["sink"],
    }).series({ sink: kind });
  }

  dropped(count: number, cause?: unknown): void {
    this.#counter.add(count);
    if (this.#isTold) return;
    this.#isTold = true;
    const fields = { "log.sink": this.#kind };
    if (cause === undefined) this.#log.warn("Log entries dropped: too many wait", fields);
    else this.#log.failure("Log entries dropped: they cannot be delivered", cause, fields);
  }

  areOver(): void {
    this.#isTold = false;
  }
}
