/** One wait that has not ended. */
export interface Wait {
  readonly endsMs: number;
  readonly onTime: () => void;
}

/**
 * Deadlines that are all equally far away when they begin, as those of one service's requests are. One timer
 * serves them all: while there are others, to begin and to end one is nearly free.
 */
export class DeadlineQueue {
  readonly #limitMs: number;
  /** In the order in which they end. */
  readonly #waits = new Set<Wait>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Calls `onTime` when the limit has passed, unless the wait is ended before. */
  begin(onTime: () => void): Wait {
    const wait = { endsMs: performance.now() + this.#limitMs, onTime };
    this.#waits.add(wait);
    this.#timer ??= setTimeout(() => this.#look(), this.#limitMs);
    return wait;
  }

  end(wait: Wait): void {
    this.#waits.delete(wait);
    // A program that has nothing left to do must not be kept by this.
    if (this.#waits.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    this.#timer = undefined;
    const nowMs = performance.now();
    for (const wait of this.#waits) {
      const remainingMs = wait.endsMs - nowMs;
      if (remainingMs > 0) {
        this.#timer ??= setTimeout(() => this.#look(), Math.ceil(remainingMs));
        return;
      }
      this.#waits.delete(wait);
      wait.onTime();
    }
  }
}
