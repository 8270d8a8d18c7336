import { ConfigError } from "platform/config";
import type { Logger } from "platform/telemetry";
import { stopSignal } from "./stop_signal.ts";

/**
 * Runs a program from start to stop and ends the process: 0 after a drain, 1 when it could not start or run.
 * What `start` gives to `running` is closed in reverse, whatever the reason for stopping.
 */
export async function runProgram(
  log: Logger,
  start: (running: AsyncDisposableStack) => Promise<void>,
): Promise<never> {
  // Listened for from the beginning: a stop during the start is a stop, too.
  const stop = stopSignal();
  try {
    await using running = new AsyncDisposableStack();
    await start(running);
    log.info("Program ready", { "process.memory.rss": Deno.memoryUsage().rss });
    log.info("Program stopping", { "process.signal": await stop });
  } catch (thrown) {
    if (thrown instanceof ConfigError) log.error(thrown.message);
    else if (isAddressInUse(thrown)) {
      log.error("Cannot start: a port is in use", { "error.message": (thrown as Error).message });
    } else log.failure("Program failed", thrown);
    Deno.exit(1);
  }
  log.info("Program stopped");
  Deno.exit(0);
}

/** `Deno.serve` throws a class of its own, `node:net` an error with a code. */
function isAddressInUse(thrown: unknown): boolean {
  return thrown instanceof Deno.errors.AddrInUse ||
    (thrown instanceof Error && "code" in thrown && thrown.code === "EADDRINUSE");
}
