import type { Logger } from "platform/telemetry";

/** Work that goes on in the background until it is disposed of; disposal waits for the round under way. */
export interface Periodic extends AsyncDisposable {
  /**
   * Has a round begin in `afterMs` at the latest, rounded up to {@linkcode wakeGridMs}; now when it is not
   * given. The round under way does not count: another one comes after it.
   */
  wake(afterMs?: number): void;
}

export interface PeriodicOptions {
  /** For the log. */
  readonly name: string;
  readonly everyMs: number;
  readonly log: Logger;
  /** The longest pause while rounds fail: it doubles from `everyMs` on. */
  readonly failingMsMax?: number;
  /** While rounds fail, every so often it is said again. */
  readonly repeatMs?: number;
}

/** Rounds that are asked for at almost the same time are one. */
const wakeGridMs = 50;
const defaultFailingMsMax = 1_000;
const defaultRepeatMs = 30_000;

/**
 * Does `round` every `everyMs`, and sooner when woken; never two rounds at a time.
 * A round that throws is logged, and the next one comes as if it had not. While one after the other
 * throws, the pauses grow, and the log is told now and then, and once it is over.
 */
export function periodically(
  options: PeriodicOptions,
  round: (signal: AbortSignal) => Promise<void>,
): Periodic {
  const stopping = new AbortController();
  const trouble = new Trouble(options);
  const alarm = new Alarm();

  const running = (async () => {
    while (!stopping.signal.aborted) {
      alarm.roundBegins();
      try {
        await round(stopping.signal);
        trouble.isOver();
      } catch (thrown) {
        if (!stopping.signal.aborted) trouble.goesOn(thrown);
      }
      if (!stopping.signal.aborted) await alarm.rest(trouble.pauseMs);
    }
  })();

  return {
    wake: (afterMs = 0) => alarm.set(afterMs),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      alarm.set(0);
      await running;
    },
  };
}

/** When rounds are to begin, however long the rest between two would be. */
class Alarm {
  #isDue = false;
  /** By the monotonic clock, on the grid: as many as fit between now and the latest. */
  readonly #timesMs = new Set<number>();
  #changed: (() => void) | undefined;

  set(afterMs: number): void {
    if (afterMs <= 0) this.#isDue = true;
    else this.#timesMs.add(Math.ceil((performance.now() + afterMs) / wakeGridMs) * wakeGridMs);
    this.#changed?.();
  }

  roundBegins(): void {
    const nowMs = performance.now();
    this.#isDue = false;
    for (const timeMs of this.#timesMs) if (timeMs <= nowMs) this.#timesMs.delete(timeMs);
  }

  /** Resolves after `pauseMs`, or when a time comes. */
  async rest(pauseMs: number): Promise<void> {
    const endMs = performance.now() + pauseMs;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    this.#changed = () => {
      clearTimeout(timer);
      if (this.#isDue) return resolve();
      timer = setTimeout(resolve, Math.min(endMs, ...this.#timesMs) - performance.now());
    };
    this.#changed();
    await over;
    this.#changed = undefined;
  }
}

/** Rounds that fail one after the other. */
class Trouble {
  readonly #options: PeriodicOptions;
  #failures = 0;
  #toldMs = 0;

  constructor(options: PeriodicOptions) {
    this.#options = options;
  }

  get pauseMs(): number {
    const { everyMs, failingMsMax = defaultFailingMsMax } = this.#options;
    const grown = everyMs * 2 ** Math.min(this.#failures, 10);
    return Math.max(everyMs, Math.min(grown, failingMsMax));
  }

  goesOn(thrown: unknown): void {
    const { name, log, repeatMs = defaultRepeatMs } = this.#options;
    const nowMs = performance.now();
    if (this.#failures++ > 0 && nowMs - this.#toldMs < repeatMs) return;
    this.#toldMs = nowMs;
    const fields = { "task.name": name, "task.failures": this.#failures };
    log.failure("Background work failed", thrown, fields);
  }

  isOver(): void {
    const { name, log } = this.#options;
    if (this.#failures > 1) {
      log.info("Background work goes on", { "task.name": name, "task.failures": this.#failures });
    }
    this.#failures = 0;
  }
}
