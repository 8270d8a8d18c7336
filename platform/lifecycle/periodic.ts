import type { Logger } from "platform/telemetry";

/** Work that goes on in the background until it is disposed of; disposal waits for the round under way. */
export interface Periodic extends AsyncDisposable {
  /** Starts the next round now, or one more after the round under way. */
  wake(): void;
}

/**
 * Does `round` every `everyMs`, and at once when woken; never two rounds at a time.
 * A round that throws is logged, and the next one comes as if it had not.
 */
export function periodically(
  { name, everyMs, log }: { readonly name: string; readonly everyMs: number; readonly log: Logger },
  round: (signal: AbortSignal) => Promise<void>,
): Periodic {
  const stopping = new AbortController();
  let wake = () => {};
  let woken = false;

  const rest = () =>
    new Promise<void>((resolve) => {
      if (woken || stopping.signal.aborted) return resolve();
      const timer = setTimeout(resolve, everyMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const running = (async () => {
    while (!stopping.signal.aborted) {
      woken = false;
      try {
        await round(stopping.signal);
      } catch (thrown) {
        if (!stopping.signal.aborted) {
          log.failure("Background work failed", thrown, { "task.name": name });
        }
      }
      await rest();
    }
  })();

  return {
    wake() {
      woken = true;
      wake();
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      wake();
      await running;
    },
  };
}
