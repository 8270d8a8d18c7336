export interface RetryBudgetOptions {
  /** How many retries each call pays for: 0.1 lets load grow by a tenth when all calls fail. */
  readonly retriesPerCall: number;
  /** How many retries may be saved up. The budget begins with these. */
  readonly retriesMax: number;
  /** How many more each second pays for, so that where calls are rare one may still be repeated. */
  readonly retriesPerSecond?: number;
  readonly now?: () => number;
}

/** Bounds the retries of all calls together, so that a target in trouble is not asked twice as much. */
export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  readonly #now: () => number;
  #left: number;
  #paidMs: number;

  constructor(options: RetryBudgetOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#left = options.retriesMax;
    this.#paidMs = this.#now();
  }

  /** A call is made, and pays in. */
  deposit(): void {
    this.#pay(this.#options.retriesPerCall);
  }

  /** Takes one retry. @returns false when there is none left. */
  withdraw(): boolean {
    const { retriesPerSecond = 0 } = this.#options;
    if (retriesPerSecond > 0) {
      const nowMs = this.#now();
      this.#pay(Math.max(0, nowMs - this.#paidMs) / 1_000 * retriesPerSecond);
      this.#paidMs = nowMs;
    }
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  #pay(retries: number): void {
    this.#left = Math.min(this.#options.retriesMax, this.#left + retries);
  }
}
