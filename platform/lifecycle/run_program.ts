import { ConfigError } from "platform/config";
import type { Logger } from "platform/telemetry";
import { stopSignal } from "./stop_signal.ts";

/**
 * Runs a program from start to stop and ends the process: 0 after a drain, 1 when it could not start or run.
 * What `start` gives to `running` is closed in reverse, whatever the reason for stopping. `stopping` is
 * aborted when the program is asked to stop: a start that throws its reason has ended as it should. `fail`
 * is for what ends the program long after its start: what was thrown is logged when all is closed.
 */
export async function runProgram(
  log: Logger,
  start: (
    running: AsyncDisposableStack,
    stopping: AbortSignal,
    fail: (thrown: unknown) => void,
  ) => Promise<void>,
): Promise<never> {
  // Listened for from the beginning: a stop during the start is a stop, too.
  const stop = stopSignal();
  const stopping = new AbortController();
  void stop.then((signal) => stopping.abort(new StopRequest(signal)));
  const failed = Promise.withResolvers<never>();
  // It may come when nobody waits for it any more.
  failed.promise.catch(() => {});
  try {
    await using running = new AsyncDisposableStack();
    await start(running, stopping.signal, failed.reject);
    log.info("Program ready", { "process.memory.rss": Deno.memoryUsage().rss });
    const signal = await Promise.race([stop, failed.promise]);
    log.info("Program stopping", { "process.signal": signal });
  } catch (thrown) {
    if (thrown instanceof StopRequest) return ended(log);
    if (thrown instanceof ConfigError) log.error(thrown.message);
    else if (isAddressInUse(thrown)) {
      log.error("Cannot start: a port is in use", { "error.message": (thrown as Error).message });
    } else log.failure("Program failed", thrown);
    Deno.exit(1);
  }
  return ended(log);
}

/** Why a start was not brought to its end. */
class StopRequest extends Error {
  override readonly name = "StopRequest";

  constructor(signal: string) {
    super(`Asked to stop: ${signal}`);
  }
}

function ended(log: Logger): never {
  log.info("Program stopped");
  Deno.exit(0);
}

/** `Deno.serve` throws a class of its own, `node:net` an error with a code. */
function isAddressInUse(thrown: unknown): boolean {
  return thrown instanceof Deno.errors.AddrInUse ||
    (thrown instanceof Error && "code" in thrown && thrown.code === "EADDRINUSE");
}
