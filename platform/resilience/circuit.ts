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
    if (state.kind === "closed") return this.#passage(state);
    const nowMs = this.#now();
    if (state.kind === "open") {
      if (nowMs < state.untilMs) return { retryAfterMs: state.untilMs - nowMs };
      const halfOpen = { kind: "half-open", isProbed: true } as const;
      this.#state = halfOpen;
      return this.#passage(halfOpen);
    }
    // Another call is finding out: how long that takes is not known.
    if (state.isProbed) return { retryAfterMs: this.#openMs };
    state.isProbed = true;
    return this.#passage(state);
  }

  #passage(entered: State): Passage {
    return new CircuitPassage((outcome) => {
      // What began before the circuit last changed tells of a time that is over.
      if (this.#state === entered) this.#learn(entered, outcome);
    });
  }

  #learn(entered: State, outcome: PassageOutcome): void {
    if (outcome === "abandoned") {
      if (entered.kind === "half-open") entered.isProbed = false;
    } else if (outcome === "succeeded") {
      this.#breaker.success(cockatielState[entered.kind]);
      if (entered.kind !== "closed") this.#state = { kind: "closed" };
    } else if (this.#breaker.failure(cockatielState[entered.kind])) {
      this.#state = { kind: "open", untilMs: this.#now() + this.#openMs };
      this.#onOpened();
    }
  }
}

type PassageOutcome = "succeeded" | "failed" | "abandoned";

class CircuitPassage implements Passage {
  #onOver: ((outcome: PassageOutcome) => void) | undefined;

  constructor(onOver: (outcome: PassageOutcome) => void) {
    this.#onOver = onOver;
  }

  succeeded(): void {
    this.#over("succeeded");
  }

  failed(): void {
    this.#over("failed");
  }

  abandoned(): void {
    this.#over("abandoned");
  }

  #over(outcome: PassageOutcome): void {
    const onOver = this.#onOver;
    this.#onOver = undefined;
    onOver?.(outcome);
  }
}
