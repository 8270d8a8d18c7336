import { z } from "zod";
import { pause } from "platform/lifecycle";

/** A program whose key ring is rotated. */
export interface EncryptingProgram {
  readonly name: string;
  readonly ringFile: string;
  /** Admin addresses of all its processes: a key becomes current when each of them has it. */
  readonly adminUrls: readonly string[];
}

/** What a process shows of its keys, as far as a rotation is concerned. */
export const KeyStatus = z.object({
  currentKeyId: z.string(),
  keyIds: z.array(z.string()),
  resealed: z.int().nonnegative(),
  cleanRounds: z.int().nonnegative(),
  fault: z.string().nullable(),
});
export type KeyStatus = z.output<typeof KeyStatus>;

const askEveryMs = 100;
const answerTimeoutMs = 2_000;

export interface Wait {
  /** For the error when it never is. */
  readonly promise: string;
  readonly isThere: (status: KeyStatus) => boolean;
  /** How long nothing may be gained: neither by this process nor by another in its place. */
  readonly stallTimeoutMs: number;
}

/**
 * Resolves when every process of the program is as it must be, and gives how they are then. A process
 * that is away, or is started again, is waited for.
 *
 * @throws when nothing has moved for `stallTimeoutMs`.
 */
export async function allProcesses(
  { name, adminUrls }: EncryptingProgram,
  wait: Wait,
): Promise<readonly KeyStatus[]> {
  return await Promise.all(adminUrls.map((url) => oneProcess(name, url, wait)));
}

async function oneProcess(
  name: string,
  url: string,
  { promise, isThere, stallTimeoutMs }: Wait,
): Promise<KeyStatus> {
  let timeUpMs = performance.now() + stallTimeoutMs;
  let resealed = 0;
  for (;;) {
    const status = await statusOf(url);
    if (status && isThere(status)) return status;
    if (status && status.resealed !== resealed) {
      resealed = status.resealed;
      timeUpMs = performance.now() + stallTimeoutMs;
    }
    if (performance.now() > timeUpMs) {
      const reason = status ? status.fault ?? "it answers, but does not" : "it does not answer";
      throw new Error(`Cannot rotate keys: ${name} must ${promise}: ${reason}`);
    }
    await pause(askEveryMs, new AbortController().signal);
  }
}

/** Undefined when nobody answers, or not yet. */
async function statusOf(url: string): Promise<KeyStatus | undefined> {
  try {
    const response = await fetch(`${url}/keys`, { signal: AbortSignal.timeout(answerTimeoutMs) });
    if (response.ok) return KeyStatus.parse(await response.json());
    await response.body?.cancel();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof z.ZodError) throw thrown;
    // It is being started, or is gone: whoever waits decides for how long.
    return undefined;
  }
}
