import { pause } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";
import { ConsulError } from "./consul_api.ts";

const backoffMsMin = 250;
const backoffMsMax = 10_000;

export interface PerseveranceOptions {
  /** What cannot be done when a step fails: a constant message for the log, and its fields. */
  readonly failure: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly log: Logger;
  /** How time passes between two steps: another way is for tests. */
  readonly rest?: typeof pause;
}

/**
 * Does `step` again and again until `signal` is aborted: a step says how long to rest after it. After one
 * that failed, a random pause whose bound doubles from 250 ms to 10 s, so that those who lost Consul at
 * the same moment do not come back at the same moment. A failure is logged once, until another follows
 * or a step succeeds.
 */
export async function persevere(
  { failure, fields, log, rest = pause }: PerseveranceOptions,
  signal: AbortSignal,
  step: (signal: AbortSignal) => Promise<{ readonly restMs: number }>,
): Promise<void> {
  let failures = 0;
  let told: string | undefined;
  while (!signal.aborted) {
    let restMs: number;
    try {
      ({ restMs } = await step(signal));
      failures = 0;
      told = undefined;
    } catch (thrown) {
      if (signal.aborted) return;
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      if (!(thrown instanceof ConsulError)) log.failure(failure, thrown, fields);
      else if (message !== told) log.warn(failure, { ...fields, "error.message": message });
      told = message;
      restMs = Math.random() * Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(failures++, 10));
    }
    await rest(restMs, signal);
  }
}
