import { pause } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";
import { StoreUnavailableError } from "./store_errors.ts";

/** How long a program that starts waits for a store: what starts beside it may take longer than itself. */
const startMsMax = 60_000;
const retryMsMin = 100;
const retryMsMax = 2_000;

export interface ReachStoreOptions {
  readonly log: Logger;
  /** The program is asked to stop: nothing is waited for any more. */
  readonly stopping: AbortSignal;
  readonly timeoutMs?: number;
}

/**
 * What `open` gives, which is asked again while its store is away. Whatever else it throws, a fault in the
 * configuration for one, is passed on at once.
 *
 * @throws {StoreUnavailableError} of the last try, when the store is still away after `timeoutMs`.
 * @throws the reason of `stopping`, once it is aborted.
 */
export async function reachStore<T>(
  open: () => Promise<T>,
  { log, stopping, timeoutMs = startMsMax }: ReachStoreOptions,
): Promise<T> {
  const timeUpMs = performance.now() + timeoutMs;
  for (let tries = 0;; tries++) {
    try {
      return await open();
    } catch (thrown) {
      stopping.throwIfAborted();
      if (!(thrown instanceof StoreUnavailableError)) throw thrown;
      const retryMs = Math.min(retryMsMax, retryMsMin * 2 ** tries);
      if (performance.now() + retryMs > timeUpMs) throw thrown;
      if (tries === 0) log.warn("Waiting for a store", { "error.message": thrown.message });
      await pause(retryMs, stopping);
      stopping.throwIfAborted();
    }
  }
}
