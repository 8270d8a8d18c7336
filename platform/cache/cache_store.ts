/** What a look into a cache gives: the value, or leave to fill in what is missing. */
export type Look =
  | { readonly value: string }
  | {
    /** Names how things stood when nothing was found. An invalidation makes it void. */
    readonly token: string;
  };

/** A cache cannot be asked right now. Whoever asks goes on without it. */
export class CacheAwayError extends Error {
  override readonly name = "CacheAwayError";
}

/**
 * Where copies are kept for a time. All methods throw {@linkcode CacheAwayError} soon rather than let
 * anybody wait.
 */
export interface CacheStore {
  look(key: string): Promise<Look>;
  /**
   * Keeps `value` for `ttlMs`, unless the key was invalidated since `token` was given or the token is
   * older than {@linkcode tokenLifeMs}: what was read before a change never overwrites the change.
   *
   * @returns whether it is kept.
   */
  fill(key: string, token: string, value: string, ttlMs: number): Promise<boolean>;
  /** When this resolves, nobody finds the old values, and nobody fills them in any more. */
  invalidate(keys: readonly string[]): Promise<void>;
}

/** Longer than any read of a store takes. */
export const tokenLifeMs = 10_000;
