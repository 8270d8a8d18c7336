import type { Logger } from "platform/telemetry";

export interface FaultPointOptions {
  /** The place at which to stop, or undefined for none: the only value allowed in production. */
  readonly point: string | undefined;
  /** Where it is remembered that a place was reached, so that the next process goes on past it. */
  readonly markerDir: string;
  readonly log: Logger;
}

/** Called with the name of the place that the program has come to. */
export type ReachFaultPoint = (name: string) => void;

/**
 * Lets a test kill the program at a named place: there the whole process stands still, once,
 * after saying so in its log, until it is killed. No cleanup runs and no other work goes on.
 */
export function createFaultPoints({ point, markerDir, log }: FaultPointOptions): ReachFaultPoint {
  if (point === undefined) return () => {};
  const marker = `${markerDir}/fault_${point}`;
  return (name) => {
    if (name !== point || exists(marker)) return;
    Deno.writeTextFileSync(marker, "");
    log.warn("Fault point reached", { "fault.point": name });
    // A process needs no right to run programs in order to stand still.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}
