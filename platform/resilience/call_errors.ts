/** A call took too long. Whether the other side did what it was asked for is not known. */
export class CallTimeoutError extends Error {
  override readonly name = "CallTimeoutError";

  /** @param limit `try`: the last try's own time ran out; `deadline`: the time for all tries together. */
  constructor(readonly target: string, readonly limit: "try" | "deadline", options?: ErrorOptions) {
    super(`Cannot call "${target}": no answer within its ${limit} time`, options);
  }
}

/** A call was not made: too many before it failed. */
export class CircuitOpenError extends Error {
  override readonly name = "CircuitOpenError";

  /** @param retryAfterMs how long the circuit stays open yet: what `Retry-After` is made of. */
  constructor(readonly target: string, readonly retryAfterMs: number, options?: ErrorOptions) {
    super(`Cannot call "${target}": its circuit is open`, options);
  }
}
