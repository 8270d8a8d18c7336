import { StoreUnavailableError } from "platform/store";

/** One at a time for each key, in the order in which they came. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /**
   * Does `act` when those before it are done.
   *
   * @throws {StoreUnavailableError} when it is not its turn before `signal` is aborted.
   */
  async take<T>(key: string, signal: AbortSignal, act: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(() => {
      if (signal.aborted) throw tooLate(signal.reason);
      return act();
    });
    // Who comes next waits for the end of it, whatever it was.
    const end = mine.then(() => {}, () => {});
    this.#last.set(key, end);
    end.then(() => {
      if (this.#last.get(key) === end) this.#last.delete(key);
    });
    return await mine;
  }
}

function tooLate(cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError("Cannot write: others were at it for too long", { cause });
}
