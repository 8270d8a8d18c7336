import type { Clock } from "./balancing/mod.ts";

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
  readonly #clock: Clock;
  /** In the order in which they end. */
  readonly #waits = new Set<Wait>();
  #timer: Disposable | undefined;

  constructor(limitMs: number, clock: Clock) {
    this.#limitMs = limitMs;
    this.#clock = clock;
  }

  /** Calls `onTime` when the limit has passed since `nowMs` by the clock, unless the wait is ended before. */
  begin(onTime: () => void, nowMs: number = this.#clock.nowMs()): Wait {
    const wait = { endsMs: nowMs + this.#limitMs, onTime };
    this.#waits.add(wait);
    this.#timer ??= this.#clock.after(this.#limitMs, () => this.#look());
    return wait;
  }

  end(wait: Wait): void {
    this.#waits.delete(wait);
    // A program that has nothing left to do must not be kept by this.
    if (this.#waits.size > 0) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #look(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.nowMs();
    for (const wait of this.#waits) {
      const remainingMs = wait.endsMs - nowMs;
      if (remainingMs > 0) {
        this.#timer ??= this.#clock.after(Math.ceil(remainingMs), () => this.#look());
        return;
      }
      this.#waits.delete(wait);
      wait.onTime();
    }
  }
}
