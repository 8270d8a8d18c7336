const free = 0;
const held = 1;
const awaited = 2;

/**
 * Locks in shared memory, one for each place of `words`, which begin as zeros. Held for microseconds: whoever finds
 * one held waits for it, and its thread with it.
 *
 * @see Ulrich Drepper, Futexes Are Tricky, 2011: the second mutex
 */
export class SharedLocks {
  readonly #words: Int32Array;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** What `act` gives, while no other thread acts under the same lock. */
  holding<Result>(at: number, act: () => Result): Result {
    this.#take(at);
    try {
      return act();
    } finally {
      this.#give(at);
    }
  }

  #take(at: number): void {
    const words = this.#words;
    if (Atomics.compareExchange(words, at, free, held) === free) return;
    while (Atomics.exchange(words, at, awaited) !== free) Atomics.wait(words, at, awaited);
  }

  #give(at: number): void {
    if (Atomics.exchange(this.#words, at, free) === awaited) Atomics.notify(this.#words, at, 1);
  }
}
