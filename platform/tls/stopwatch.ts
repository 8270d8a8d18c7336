/**
 * Calls `onTime` when it has run for `limitMs` without being stopped. Starting and stopping it is nearly free,
 * as each request does both: the timer beneath is left to run out, and then sees how late it really is.
 */
export class Stopwatch implements Disposable {
  readonly #limitMs: number;
  readonly #onTime: () => void;
  #startedAtMs: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(limitMs: number, onTime: () => void) {
    this.#limitMs = limitMs;
    this.#onTime = onTime;
  }

  get isRunning(): boolean {
    return this.#startedAtMs !== undefined;
  }

  /** From zero, also when it is running. */
  start(): void {
    this.#startedAtMs = performance.now();
    this.#timer ??= this.#wait(this.#limitMs);
  }

  stop(): void {
    this.#startedAtMs = undefined;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.stop();
    clearTimeout(this.#timer);
  }

  #wait(delayMs: number): ReturnType<typeof setTimeout> | undefined {
    return this.#isOver ? undefined : setTimeout(() => this.#look(), delayMs);
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#startedAtMs === undefined) return;
    const remainingMs = this.#startedAtMs + this.#limitMs - performance.now();
    if (remainingMs > 0) {
      this.#timer = this.#wait(Math.ceil(remainingMs));
      return;
    }
    this.stop();
    this.#onTime();
  }
}
