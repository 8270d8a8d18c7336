/** A store is away, or did not answer in time. What was asked of it may or may not have been done. */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
}
