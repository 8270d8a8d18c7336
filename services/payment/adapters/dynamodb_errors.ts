import { pause } from "platform/lifecycle";
import { StoreUnavailableError } from "platform/store";

/** Why a transaction was not made. */
export interface Cancellation {
  /** Which writes, by their place, had a condition that did not hold. None: others were at the same items. */
  readonly failedConditions: readonly number[];
}

const conditionFailed = "ConditionalCheckFailed";
/** What a transaction may be cancelled for by what other callers do. Anything else is a fault. */
const expectedReasons: ReadonlySet<string> = new Set([
  "None",
  conditionFailed,
  "TransactionConflict",
]);

export function isConditionFailure(thrown: unknown): boolean {
  return nameOf(thrown) === "ConditionalCheckFailedException";
}

/** Whether a write met a transaction that is under way: nothing was written, and it may be tried again. */
export function isConflict(thrown: unknown): boolean {
  return nameOf(thrown) === "TransactionConflictException";
}

/** How `thrown` says that a transaction was cancelled, or undefined when it says something else. */
export function cancellationOf(thrown: unknown): Cancellation | undefined {
  // The first try of ours may still come through: that is told by what is in the table.
  if (nameOf(thrown) === "TransactionInProgressException") return { failedConditions: [] };
  const reasons = reasonsOf(thrown);
  if (!reasons?.every((reason) => expectedReasons.has(reason))) return undefined;
  const failedConditions = reasons.flatMap((code, at) => code === conditionFailed ? [at] : []);
  return { failedConditions };
}

/** Whatever a call threw, as the callers of the store know it. What is no fault of the store passes as it is. */
export function asStoreError(act: string, thrown: unknown): unknown {
  const isAnswer = isConditionFailure(thrown) || cancellationOf(thrown) !== undefined;
  // A request that is none, or that this program may not make, is our fault however often it is sent.
  const isOurs = nameOf(thrown) === "ValidationException" || nameOf(thrown) === "NotCapable";
  if (isAnswer || isOurs) return thrown;
  return new StoreUnavailableError(`Cannot ${act}: DynamoDB is away`, { cause: thrown });
}

const triesMax = 10;
const pauseMsMin = 10;
const pauseMsMax = 200;

/** How long to wait before try number `tries`: at random, so that those who met do not meet again. */
export function backoffMs(tries: number): number {
  return Math.random() * Math.min(pauseMsMax, pauseMsMin * 2 ** tries);
}

/** Does `attempt` until it says that all is done. @throws {StoreUnavailableError} when it does not come to that. */
export async function retried(message: string, attempt: () => Promise<boolean>): Promise<void> {
  const { signal } = new AbortController();
  for (let tries = 0; tries < triesMax; tries++) {
    if (await attempt()) return;
    await pause(backoffMs(tries), signal);
  }
  throw new StoreUnavailableError(message);
}

function nameOf(thrown: unknown): string | undefined {
  return thrown instanceof Error ? thrown.name : undefined;
}

function reasonsOf(thrown: unknown): readonly string[] | undefined {
  if (nameOf(thrown) !== "TransactionCanceledException") return undefined;
  const { CancellationReasons = [] } = thrown as {
    readonly CancellationReasons?: readonly { readonly Code?: string }[];
  };
  return CancellationReasons.map(({ Code = "None" }) => Code);
}
