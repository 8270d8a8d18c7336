/** Redis gave no answer in time, or one that says it cannot: what was asked for may or may not be done. */
export class RedisAwayError extends Error {
  override readonly name = "RedisAwayError";
}
