import { CircuitState } from "cockatiel";
import { SamplingBreaker, type SamplingOptions } from "./sampling_breaker.ts";

export interface CircuitOptions extends SamplingOptions {
  /** How long an open circuit stays open before one call may try the target again. */
  readonly openMs: number;
  /** Told each time that it opens. */
  readonly onOpened?: () => void;
}

/** A call that the circuit lets through. One of these is called, once: what comes after it does nothing. */
export interface Passage {
  succeeded(): void;
  failed(): void;
  /** Nothing was learnt of the target: the caller has gone, for one. */
  abandoned(): void;
}

export interface Refusal {
  /** How long the circuit stays as it is: what `Retry-After` is made of. */
  readonly retryAfterMs: number;
}

type State =
  | { readonly kind: "closed" }
  | { readonly kind: "open"; readonly untilMs: number }
  | { readonly kind: "half-open"; isProbed: boolean };

const cockatielState = {
  "closed": CircuitState.Closed,
  "open": CircuitState.Open,
  "half-open": CircuitState.HalfOpen,
} as const;

/**
 * A circuit breaker for callers that see for themselves how their calls end, as the answers to requests that
 * are passed on do. It opens by {@linkcode SamplingBreaker}; when it has been open for `openMs`, one call may
 * pass: the circuit closes when that succeeds, and is open for as long again when it fails.
 */
export class Circuit {
  readonly #openMs: number;
  readonly #onOpened: () => void;
  readonly #now: () => number;
  readonly #breaker: SamplingBreaker;
  #state: State = { kind: "closed" };

  constructor({ openMs, onOpened = () => {}, ...sampling }: CircuitOptions) {
    this.#openMs = openMs;
    this.#onOpened = onOpened;
    this.#now = sampling.now ?? Date.now;
    this.#breaker = new SamplingBreaker(sampling);
  }

  get state(): "closed" | "open" | "half-open" {
    return this.#state.kind;
  }

  enter(): Passage | Refusal {
    const state = this.#state;
    if (state.kind === "closed") return this.#passage();
    const nowMs = this.#now();
    if (state.kind === "open") {
      if (nowMs < state.untilMs) return { retryAfterMs: state.untilMs - nowMs };
      this.#state = { kind: "half-open", isProbed: true };
      return this.#passage();
    }
    // Another call is finding out: how long that takes is not known.
    if (state.isProbed) return { retryAfterMs: this.#openMs };
    state.isProbed = true;
    return this.#passage();
  }

  #passage(): Passage {
    const entered = this.#state;
    let isOver = false;
    const once = (act: () => void) => () => {
      // What began before the circuit last changed tells of a time that is over.
      if (!isOver && this.#state === entered) act();
      isOver = true;
    };
    return {
      succeeded: once(() => {
        this.#breaker.success(cockatielState[entered.kind]);
        if (entered.kind !== "closed") this.#state = { kind: "closed" };
      }),
      failed: once(() => {
        if (!this.#breaker.failure(cockatielState[entered.kind])) return;
        this.#state = { kind: "open", untilMs: this.#now() + this.#openMs };
        this.#onOpened();
      }),
      abandoned: once(() => {
        if (entered.kind === "half-open") entered.isProbed = false;
      }),
    };
  }
}
