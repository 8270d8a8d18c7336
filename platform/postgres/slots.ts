import { StoreUnavailableError } from "platform/store";

/** How many callers may wait for a slot. */
const waitingMax = 1_000;

/** A number of places, each held by one at a time. Who waits is served in turn. */
export class Slots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Resolves when a slot is the caller's, until it disposes of it.
   *
   * @throws {StoreUnavailableError} when too many wait, and the signal's reason when that is aborted.
   */
  async take(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#free === 0) await this.#turn(signal);
    else this.#free--;
    return { [Symbol.dispose]: () => this.#pass() };
  }

  #turn(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= waitingMax) {
      throw new StoreUnavailableError(`Cannot use store: ${waitingMax} callers wait for it`);
    }
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.delete(proceed);
        reject(signal.reason);
      };
      const proceed = () => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      this.#waiting.add(proceed);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  /** To the one who has waited longest, or back. */
  #pass(): void {
    const [next] = this.#waiting;
    if (!next) return void this.#free++;
    this.#waiting.delete(next);
    next();
  }
}
