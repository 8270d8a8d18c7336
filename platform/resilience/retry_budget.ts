export interface RetryBudgetOptions {
  /** How many retries each call pays for: 0.1 lets load grow by a tenth when all calls fail. */
  readonly retriesPerCall: number;
  /** How many retries may be saved up. The budget begins with these. */
  readonly retriesMax: number;
}

/** Bounds the retries of all calls together, so that a target in trouble is not asked twice as much. */
export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  #left: number;

  constructor(options: RetryBudgetOptions) {
    this.#options = options;
    this.#left = options.retriesMax;
  }

  /** A call is made, and pays in. */
  deposit(): void {
    const { retriesPerCall, retriesMax } = this.#options;
    this.#left = Math.min(retriesMax, this.#left + retriesPerCall);
  }

  /** Takes one retry. @returns false when there is none left. */
  withdraw(): boolean {
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
