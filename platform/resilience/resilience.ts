import {
  circuitBreaker,
  type CircuitBreakerPolicy,
  ExponentialBackoff,
  fullJitterGenerator,
  handleWhen,
  type IPolicy,
  isBrokenCircuitError,
  isTaskCancelledError,
  retry,
  timeout,
  TimeoutStrategy,
  wrap,
} from "cockatiel";
import { CallTimeoutError, CircuitOpenError } from "./call_errors.ts";
import { RetryBudget, type RetryBudgetOptions } from "./retry_budget.ts";
import { SamplingBreaker, type SamplingOptions } from "./sampling_breaker.ts";

export interface RetryOptions {
  readonly retriesMax: number;
  /** Before the n-th retry lies a random pause of 0 to `backoffMsMin` · 2ⁿ⁻¹. */
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  readonly budget: RetryBudgetOptions;
}

export interface BreakerOptions extends SamplingOptions {
  /** How long an open circuit stays open before one call may try the target again. */
  readonly openMs: number;
}

export interface ResilienceOptions {
  /** Who is called, for messages. */
  readonly target: string;
  /** For all tries of a call and the pauses between them. */
  readonly deadlineMs: number;
  readonly tryTimeoutMs: number;
  /** Whether the target is in trouble, rather than saying no: only then is it asked again, and counted. */
  readonly isTransient: (thrown: unknown) => boolean;
  readonly retry?: Partial<RetryOptions>;
  readonly breaker?: Partial<BreakerOptions>;
}

export interface CallOptions {
  /** Whether doing it twice does no more than doing it once. What is not safe to repeat is tried once. */
  readonly repeatable: boolean;
}

/** One try of a call. Its time ends with it: it must have read everything that it wants to return. */
export type Try<T> = (signal: AbortSignal) => Promise<T>;

/**
 * Makes a call. Throws what the last try threw, or
 *
 * @throws {CallTimeoutError} when the last try, or all of them, took too long.
 * @throws {CircuitOpenError} when the call was not made, because too many before it failed.
 */
export type ResilientCall = <T>(attempt: Try<T>, options: CallOptions) => Promise<T>;

const defaultRetry: RetryOptions = {
  retriesMax: 2,
  backoffMsMin: 100,
  backoffMsMax: 1_000,
  budget: { retriesPerCall: 0.1, retriesMax: 10 },
};

const defaultBreaker: BreakerOptions = {
  failureRatioMin: 0.5,
  callsMin: 20,
  windowMs: 10_000,
  openMs: 5_000,
};

/** An answer is waited for no longer than this, even when a try does not look at its signal. */
const timeoutOptions = { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false };

/**
 * Calls to one target, in the one order that is right: the deadline bounds everything; the retries lie
 * outside the breaker, so that it counts every try; each try that the breaker lets through has its own
 * time. Circuit and retry budget are shared by all calls of the returned function.
 */
export function createResilience(options: ResilienceOptions): ResilientCall {
  const retries = { ...defaultRetry, ...options.retry };
  const budget = new RetryBudget(retries.budget);
  const breaker = openBreaker(options);
  const deadline = timeout(options.deadlineMs, timeoutOptions);
  const perTry = timeout(options.tryTimeoutMs, timeoutOptions);

  return async (attempt, { repeatable }) => {
    budget.deposit();
    const policy = wrap(
      deadline,
      retryPolicy(options, retries, repeatable ? budget : undefined),
      breaker.policy,
    );
    try {
      return await policy.execute(async ({ signal: overall }) => {
        // A retry may wake from its pause after the deadline has already been answered for.
        overall.throwIfAborted();
        return await oneTry(perTry, attempt, overall, options.target);
      });
    } catch (thrown) {
      if (isBrokenCircuitError(thrown)) {
        throw new CircuitOpenError(options.target, breaker.openForMs(), { cause: thrown });
      }
      if (isTaskCancelledError(thrown)) {
        throw new CallTimeoutError(options.target, "deadline", { cause: thrown });
      }
      throw thrown;
    }
  };
}

async function oneTry<T>(
  perTry: IPolicy,
  attempt: Try<T>,
  overall: AbortSignal,
  target: string,
): Promise<T> {
  let signal: AbortSignal | undefined;
  try {
    return await perTry.execute((context) => attempt(signal = context.signal), overall);
  } catch (thrown) {
    // Whatever an aborted try throws, in its own words or ours, it was out of time.
    if (!signal?.aborted) throw thrown;
    const limit = overall.aborted ? "deadline" : "try";
    throw new CallTimeoutError(target, limit, { cause: thrown });
  }
}

/** @param budget undefined: the call is not repeated. */
function retryPolicy(
  { isTransient }: ResilienceOptions,
  { retriesMax, backoffMsMin, backoffMsMax }: RetryOptions,
  budget: RetryBudget | undefined,
): IPolicy {
  let retries = 0;
  // A retry that will not be made must not be paid for: so they are counted here, not by the policy.
  const again = (thrown: unknown) =>
    budget !== undefined && isTrouble(thrown, isTransient) && retries++ < retriesMax &&
    budget.withdraw();
  const backoff = new ExponentialBackoff({
    generator: fullJitterGenerator,
    initialDelay: backoffMsMin,
    maxDelay: backoffMsMax,
  });
  return retry(handleWhen(again), { maxAttempts: retriesMax, backoff });
}

function openBreaker(
  { isTransient, breaker }: ResilienceOptions,
): { readonly policy: CircuitBreakerPolicy; readonly openForMs: () => number } {
  const { openMs, ...sampling } = { ...defaultBreaker, ...breaker };
  const policy = circuitBreaker(handleWhen((thrown) => isTrouble(thrown, isTransient)), {
    halfOpenAfter: openMs,
    breaker: new SamplingBreaker(sampling),
  });
  let openUntilMs = 0;
  policy.onBreak(() => void (openUntilMs = Date.now() + openMs));
  return { policy, openForMs: () => Math.max(0, openUntilMs - Date.now()) };
}

function isTrouble(thrown: unknown, isTransient: (thrown: unknown) => boolean): boolean {
  return thrown instanceof CallTimeoutError || isTransient(thrown);
}
