import type { Clock } from "../balancing/mod.ts";

interface Timer {
  readonly dueMs: number;
  readonly act: () => void;
}

/** A clock that a test moves on. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  #nowMs = 1_000_000;

  /** Of those that wait. */
  get timerCount(): number {
    return this.#timers.size;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, act: () => void): Disposable {
    const timer = { dueMs: this.#nowMs + delayMs, act };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  /** Lets what is due happen in its order, and what follows from it, as far as that needs no network. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers].toSorted((one, other) => one.dueMs - other.dueMs);
      if (!next || next.dueMs > endMs) break;
      this.#timers.delete(next);
      this.#nowMs = next.dueMs;
      next.act();
      await settled();
    }
    this.#nowMs = endMs;
  }
}

/** Resolves when promises that wait for nothing else have been settled. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => queueMicrotask(() => resolve(0)));
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
}
