import { Stopwatch } from "./stopwatch.ts";
import type { ServerLimits } from "./server_limits.ts";

export interface DeadlineOptions {
  readonly limits: ServerLimits;
  /** Whether a request's headers arrive in one piece of the stream, as in HTTP/1.1 and not in HTTP/2. */
  readonly isSerial: boolean;
  /** When the certificate of the peer expires, in ms from now; Infinity without one. */
  readonly expiresInMs: number;
  readonly delivery: () => Delivery;
  readonly cut: (reason: CutReason) => void;
}

/** How an answer fares that has left the inner server. */
export interface Delivery {
  /** Whether the client has yet to take some of what was written to it. */
  readonly isPending: boolean;
  /** Whether it took something since last asked. */
  readonly hasMoved: boolean;
}

export type CutReason = "slow_headers" | "idle" | "age" | "certificate_expired";

/** How often a connection that shall close is looked at: the inner server's goodbye is on its way. */
const goodbyeMs = 100;
/**
 * After so many looks at which nothing had moved it is closed. At a single one, bytes may wait unread
 * between the inner server and us, because this process was busy for as long.
 */
const quietLooksMax = 3;
/** The longest delay that timers take. */
const timerMsMax = 2_147_483_647;

/** The clocks of one connection: decides when it has had its time, and says so by `cut`. */
export class ConnectionDeadlines implements Disposable {
  readonly #options: DeadlineOptions;
  readonly #timers: ReturnType<typeof setTimeout>[];
  readonly #headers: Stopwatch;
  readonly #idle: Stopwatch;
  /** Runs instead of `#idle` on a connection that shall close. */
  readonly #goodbye: Stopwatch;
  #inFlight = 0;
  #isClosing = false;
  #quietLooks = 0;

  constructor(options: DeadlineOptions) {
    this.#options = options;
    const { limits, expiresInMs, cut } = options;
    this.#headers = new Stopwatch(limits.headersTimeoutMs, () => cut("slow_headers"));
    this.#idle = new Stopwatch(limits.idleTimeoutMs, () => this.#cutUnlessDelivering());
    this.#goodbye = new Stopwatch(goodbyeMs, () => this.#cutWhenQuiet());
    this.#timers = [
      after(limits.connectionAgeMsMax, () => this.closeWhenIdle()),
      after(limits.connectionAgeMsMax + limits.drainMs, () => cut("age")),
      after(expiresInMs, () => cut("certificate_expired")),
    ];
    this.#awaitRequest();
  }

  /** Whether the connection shall close as soon as nothing is in flight. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  bytesArrived(): void {
    if (!this.#options.isSerial || this.#inFlight > 0 || this.#headers.isRunning) return;
    this.#headers.start();
  }

  requestBegan(): void {
    this.#inFlight += 1;
    this.#quietLooks = 0;
    this.#headers.stop();
    this.#idle.stop();
    this.#goodbye.stop();
  }

  requestEnded(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#awaitRequest();
  }

  closeWhenIdle(): void {
    this.#isClosing = true;
    if (this.#inFlight === 0) this.#awaitRequest();
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const watch of [this.#headers, this.#idle, this.#goodbye]) watch[Symbol.dispose]();
  }

  /** Counts from the last request, not from the last byte: a client that drips bytes gains nothing. */
  #awaitRequest(): void {
    (this.#isClosing ? this.#goodbye : this.#idle).start();
  }

  #cutUnlessDelivering(): void {
    const { isPending, hasMoved } = this.#options.delivery();
    if (isPending && hasMoved) this.#awaitRequest();
    else this.#options.cut("idle");
  }

  /** A client that stalls has until the drain's end. */
  #cutWhenQuiet(): void {
    const { isPending, hasMoved } = this.#options.delivery();
    this.#quietLooks = isPending || hasMoved ? 0 : this.#quietLooks + 1;
    if (this.#quietLooks < quietLooksMax) this.#awaitRequest();
    else this.#options.cut("idle");
  }
}

function after(delayMs: number, act: () => void): ReturnType<typeof setTimeout> {
  // What lies beyond a timer's range lies beyond a connection's greatest age.
  return setTimeout(act, Math.min(delayMs, timerMsMax));
}
