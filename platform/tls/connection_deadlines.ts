import type { ServerLimits } from "./server_limits.ts";

export interface DeadlineOptions {
  readonly limits: ServerLimits;
  /** Whether a request's headers arrive in one piece of the stream, as in HTTP/1.1 and not in HTTP/2. */
  readonly isSerial: boolean;
  /** When the certificate of the peer expires, in ms from now; Infinity without one. */
  readonly expiresInMs: number;
  /** Whether an answer is still on its way to a client that reads slowly, and bytes moved since last asked. */
  readonly isDelivering: () => boolean;
  readonly cut: (reason: CutReason) => void;
}

export type CutReason = "slow_headers" | "idle" | "age" | "certificate_expired";

/** How long a connection that shall close may stay idle: the inner server's goodbye is on its way. */
const goodbyeMs = 250;
/** The longest delay that timers take. */
const timerMsMax = 2_147_483_647;

/** The clocks of one connection: decides when it has had its time, and says so by `cut`. */
export class ConnectionDeadlines implements Disposable {
  readonly #options: DeadlineOptions;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #headers: ReturnType<typeof setTimeout> | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #inFlight = 0;
  #closing = false;
  #isOver = false;

  constructor(options: DeadlineOptions) {
    this.#options = options;
    const { limits, expiresInMs, cut } = options;
    this.#later(limits.connectionAgeMsMax, () => this.closeWhenIdle());
    this.#later(limits.connectionAgeMsMax + limits.drainMs, () => cut("age"));
    // A farther expiry than a timer can wait for lies beyond the connection's greatest age.
    if (expiresInMs <= timerMsMax) this.#later(expiresInMs, () => cut("certificate_expired"));
    this.#awaitRequest();
  }

  bytesArrived(): void {
    const { isSerial, limits, cut } = this.#options;
    if (!isSerial || this.#inFlight > 0 || this.#headers !== undefined) return;
    this.#headers = this.#later(limits.headersTimeoutMs, () => cut("slow_headers"));
  }

  requestBegan(): void {
    this.#inFlight += 1;
    this.#headers = this.#drop(this.#headers);
    this.#idle = this.#drop(this.#idle);
  }

  requestEnded(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#awaitRequest();
  }

  closeWhenIdle(): void {
    this.#closing = true;
    if (this.#inFlight === 0) this.#awaitRequest();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Counts from the last request, not from the last byte: a client that drips bytes gains nothing. */
  #awaitRequest(): void {
    const { limits, isDelivering, cut } = this.#options;
    // A handler may answer long after its client has gone.
    if (this.#isOver) return;
    this.#drop(this.#idle);
    this.#idle = this.#later(this.#closing ? goodbyeMs : limits.idleTimeoutMs, () => {
      if (isDelivering()) this.#awaitRequest();
      else cut("idle");
    });
  }

  #later(delayMs: number, act: () => void): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, Math.min(delayMs, timerMsMax));
    this.#timers.add(timer);
    return timer;
  }

  #drop(timer: ReturnType<typeof setTimeout> | undefined): undefined {
    clearTimeout(timer);
    if (timer !== undefined) this.#timers.delete(timer);
  }
}
