/** Of whom tokens count no longer, and which. */
export interface Denial {
  /** Whose they are. */
  readonly subject: string;
  /** Tokens that say an older version of the account's rights than this. */
  readonly securityVersion: number;
  /** Of tokens that say none: those given out until then, in seconds since 1970. */
  readonly untilSeconds: number;
}

/** What of a token the denylist goes by. */
export interface DeniableToken {
  readonly sub: string;
  /** When it was given out, in seconds since 1970. */
  readonly iat: number;
  /** Undefined for tokens of an issuer that knows no such thing. */
  readonly securityVersion: number | undefined;
}

/** For how many people denials are kept. When there are more, everybody's older tokens are refused. */
export const deniedMax = 100_000;

/**
 * Whose access tokens are refused although their time is not over: rights were taken away, the password was
 * changed, or the account disabled. Exact for our own tokens, which name a version of the account; of
 * others', one that was given out in the second of the change is refused.
 *
 * A denial is forgotten when no token from before it can be in force any more.
 */
export class Denylist {
  readonly #keptSeconds: number;
  readonly #max: number;
  /** In the order in which they were added: the oldest first. */
  readonly #denials = new Map<string, Denial & { readonly addedSeconds: number }>();
  /** Nobody's tokens from before then count. */
  #floorSeconds = 0;

  /** @param keptSeconds the longest that a token is in force, and what clocks may differ by. */
  constructor({ keptSeconds, max = deniedMax }: {
    readonly keptSeconds: number;
    readonly max?: number;
  }) {
    this.#keptSeconds = keptSeconds;
    this.#max = max;
  }

  get size(): number {
    return this.#denials.size;
  }

  /** An older denial of the same person is no news. */
  deny(denial: Denial, nowSeconds: number): void {
    const { subject, securityVersion, untilSeconds } = denial;
    if (untilSeconds + this.#keptSeconds < nowSeconds) return;
    const known = this.#denials.get(subject);
    this.#denials.delete(subject);
    this.#makeRoom(nowSeconds);
    this.#denials.set(subject, {
      subject,
      securityVersion: Math.max(securityVersion, known?.securityVersion ?? 0),
      untilSeconds: Math.max(untilSeconds, known?.untilSeconds ?? 0),
      addedSeconds: nowSeconds,
    });
  }

  denies({ sub, iat, securityVersion }: DeniableToken): boolean {
    if (iat <= this.#floorSeconds) return true;
    const denial = this.#denials.get(sub);
    if (denial === undefined) return false;
    return securityVersion === undefined
      ? iat <= denial.untilSeconds
      : securityVersion < denial.securityVersion;
  }

  #makeRoom(nowSeconds: number): void {
    for (const [subject, { untilSeconds, addedSeconds }] of this.#denials) {
      const isOver = addedSeconds + this.#keptSeconds < nowSeconds;
      if (!isOver && this.#denials.size < this.#max) return;
      if (!isOver) this.#floorSeconds = Math.max(this.#floorSeconds, untilSeconds);
      this.#denials.delete(subject);
    }
  }
}
