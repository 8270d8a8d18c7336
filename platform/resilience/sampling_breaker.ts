import { CircuitState, type IBreaker } from "cockatiel";

export interface SamplingOptions {
  /** The share of failed calls from which on the circuit opens, over 0, up to 1. */
  readonly failureRatioMin: number;
  /** Fewer calls than these say nothing yet. */
  readonly callsMin: number;
  /** How far back calls count. */
  readonly windowMs: number;
  readonly now?: () => number;
}

const slices = 10;

interface Slice {
  readonly index: number;
  failures: number;
  calls: number;
}

/**
 * Opens a circuit when enough of the last calls failed, so that one caller's bad input among good ones
 * does not close the door for all. Time is counted in tenths of the window.
 *
 * cockatiel's own sampling forgets old calls only as new ones come: after a quiet hour it still holds
 * the failures of before against the target.
 */
export class SamplingBreaker implements IBreaker {
  readonly #options: SamplingOptions;
  readonly #sliceMs: number;
  #slices: Slice[] = [];

  constructor(options: SamplingOptions) {
    this.#options = options;
    this.#sliceMs = options.windowMs / slices;
  }

  get state(): unknown {
    return structuredClone(this.#slices);
  }

  set state(state: unknown) {
    this.#slices = structuredClone(state) as Slice[];
  }

  success(state: CircuitState): void {
    // What was counted belongs to the time before the target came back.
    if (state === CircuitState.HalfOpen) this.#slices = [];
    this.#count(0);
  }

  /** @returns whether the circuit is to open. */
  failure(state: CircuitState): boolean {
    this.#count(1);
    if (state !== CircuitState.Closed) return true;
    const calls = this.#slices.reduce((sum, slice) => sum + slice.calls, 0);
    const failures = this.#slices.reduce((sum, slice) => sum + slice.failures, 0);
    return calls >= this.#options.callsMin && failures >= calls * this.#options.failureRatioMin;
  }

  #count(failures: 0 | 1): void {
    const nowMs = (this.#options.now ?? Date.now)();
    const index = Math.floor(nowMs / this.#sliceMs);
    this.#slices = this.#slices.filter((slice) => slice.index > index - slices);
    let slice = this.#slices.at(-1);
    if (slice?.index !== index) this.#slices.push(slice = { index, failures: 0, calls: 0 });
    slice.calls += 1;
    slice.failures += failures;
  }
}
