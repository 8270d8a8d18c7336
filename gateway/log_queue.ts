/** What bounds the entries that wait, and how hard it is tried to be rid of them. */
export interface LogQueueLimits {
  /** Entries at one time, those under way included; more are dropped. */
  readonly entriesMax: number;
  /** Of all these together, in UTF-16 code units. */
  readonly lengthMax: number;
  readonly batchMax: number;
  /** How long a batch waits to become full. */
  readonly delayMs: number;
  /** After so long a batch that cannot be delivered is dropped. */
  readonly retryMsMax: number;
  readonly firstRetryDelayMs: number;
  readonly retryDelayMsMax: number;
  /** What is not delivered so long after closing has begun is dropped. */
  readonly drainMs: number;
}

export interface LogQueueOptions {
  readonly limits: LogQueueLimits;
  /** Takes a batch to where it belongs. @throws when it has not arrived, as far as can be told. */
  readonly deliver: (entries: readonly string[]) => Promise<void>;
  /** Told of entries that nobody will see. */
  readonly onDropped: (count: number, cause?: unknown) => void;
}

/** Entries on their way out, a batch at a time. Who writes never waits. */
export class LogQueue implements AsyncDisposable {
  readonly #options: LogQueueOptions;
  readonly #waiting: string[] = [];
  #held = 0;
  #heldLength = 0;
  #isClosing = false;
  #isCut = false;
  #isFilling = false;
  #wake = () => {};
  #running: Promise<void> | undefined;

  constructor(options: LogQueueOptions) {
    this.#options = options;
  }

  /** Drops the entry when the queue is full, or closed. */
  write(entry: string): void {
    const { limits: { entriesMax, lengthMax, batchMax }, onDropped } = this.#options;
    const isFull = this.#held >= entriesMax || this.#heldLength + entry.length > lengthMax;
    if (isFull || this.#isClosing) return onDropped(1);
    this.#held++;
    this.#heldLength += entry.length;
    if (this.#waiting.push(entry) >= batchMax && this.#isFilling) this.#wake();
    this.#running ??= this.#run();
  }

  /** Delivers what waits, each batch with one try left, and takes no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    this.#wake();
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const deadline = setTimeout(() => {
      this.#isCut = true;
      if (this.#held > 0) this.#options.onDropped(this.#held);
      resolve();
    }, this.#options.limits.drainMs);
    await Promise.race([this.#running, over]);
    clearTimeout(deadline);
  }

  async #run(): Promise<void> {
    const { limits: { batchMax, delayMs } } = this.#options;
    while (this.#waiting.length > 0 && !this.#isCut) {
      this.#isFilling = true;
      if (this.#waiting.length < batchMax) await this.#rest(delayMs);
      this.#isFilling = false;
      const batch = this.#waiting.splice(0, batchMax);
      await this.#deliver(batch);
      this.#held -= batch.length;
      this.#heldLength -= batch.reduce((length, entry) => length + entry.length, 0);
    }
    this.#running = undefined;
  }

  async #deliver(batch: readonly string[]): Promise<void> {
    const { limits, deliver, onDropped } = this.#options;
    const givenUpMs = performance.now() + limits.retryMsMax;
    let delayMs = limits.firstRetryDelayMs;
    for (;;) {
      try {
        return await deliver(batch);
      } catch (thrown) {
        if (this.#isCut) return;
        if (this.#isClosing || performance.now() + delayMs > givenUpMs) {
          return onDropped(batch.length, thrown);
        }
      }
      await this.#rest(delayMs);
      delayMs = Math.min(2 * delayMs, limits.retryDelayMsMax);
    }
  }

  /** Cut short when a batch is full, or all must go. */
  async #rest(ms: number): Promise<void> {
    if (ms <= 0 || this.#isClosing) return;
    const { promise: rested, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await rested;
    clearTimeout(timer);
    this.#wake = () => {};
  }
}
