import type { Logger } from "platform/telemetry";

export interface FaultPointOptions {
  /** The place at which to die, or undefined for none: the only value allowed in production. */
  readonly point: string | undefined;
  /** Where it is remembered that a place was reached, so that the next process goes on past it. */
  readonly markerDir: string;
  readonly log: Logger;
  /** How to die. Tests pass one that they survive. */
  readonly die?: () => void;
}

/** Called with the name of the place that the program has come to. */
export type ReachFaultPoint = (name: string) => void;

/**
 * Lets a test kill the program at a named place: the first time it comes there, in whichever process,
 * the program says so in its log and kills itself as `kill -9` would. No cleanup runs.
 */
export function createFaultPoints(
  { point, markerDir, log, die = killSelf }: FaultPointOptions,
): ReachFaultPoint {
  if (point === undefined) return () => {};
  const marker = `${markerDir}/fault_${point}`;
  return (name) => {
    if (name !== point || exists(marker)) return;
    Deno.writeTextFileSync(marker, "");
    log.warn("Fault point reached", { "fault.point": name });
    die();
  };
}

/** A process needs no right to run programs in order to kill itself: Deno demands it for others only. */
function killSelf(): void {
  Deno.kill(Deno.pid, "SIGKILL");
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
