import { AuthError } from "./auth_error.ts";

/** How failures of one kind are met. */
export interface AttemptLimit {
  /** Failures that cost nothing: people mistype. */
  readonly freeMax: number;
  /** The longest wait. The waits before it double, from one second on. */
  readonly delaySecondsMax: number;
}

/** What somebody tries. Each is counted by itself: success at one says nothing of the others. */
export type AttemptKind = "password" | "second factor" | "user code" | "mail";

/** Short, since whoever knows an address can make its owner wait. */
export const accountLimit: AttemptLimit = { freeMax: 5, delaySecondsMax: 60 };
/** More leave for an office behind one address, and a longer wait for whoever guesses from there. */
export const addressLimit: AttemptLimit = { freeMax: 30, delaySecondsMax: 900 };

/** How failures are met, by what was tried and for whom it is counted. */
export const attemptLimits: Readonly<
  Record<AttemptKind, { readonly account: AttemptLimit; readonly address: AttemptLimit }>
> = {
  password: { account: accountLimit, address: addressLimit },
  // Six digits are soon guessed, and only who knows the password makes the owner wait.
  "second factor": { account: { freeMax: 5, delaySecondsMax: 900 }, address: addressLimit },
  "user code": { account: { freeMax: 5, delaySecondsMax: 300 }, address: addressLimit },
  // Nobody's mailbox is filled by others; each mail counts, whether or not there is an account.
  mail: {
    account: { freeMax: 3, delaySecondsMax: 900 },
    address: { freeMax: 20, delaySecondsMax: 900 },
  },
};

const refusals: Readonly<Record<AttemptKind, string>> = {
  password: "There were too many failed attempts to sign in",
  "second factor": "There were too many wrong codes",
  "user code": "There were too many wrong codes",
  mail: "Too many messages were asked for",
};

export const rememberedMax = 20_000;
/** After that long without a failure, earlier ones are forgotten. */
export const forgottenAfterMs = 3_600_000;

interface Failures {
  readonly count: number;
  readonly lastMs: number;
}

/** Something tried, its outcome open. It counts as failed until it is told otherwise. */
export interface LoginAttempt {
  succeeded(): void | Promise<void>;
  /** Nobody has looked at what was given: the attempt was none. */
  wasNone(): void | Promise<void>;
}

/** @throws {AuthError} `too_many_attempts` when there are still `waitMs` to wait. */
export function refuseWhileWaiting(waitMs: number, kind: AttemptKind): void {
  if (waitMs <= 0) return;
  throw new AuthError("too_many_attempts", refusals[kind], Math.ceil(waitMs / 1000));
}

/** By what name failures are counted: those with the password keep the name that they always had. */
export function attemptName(
  kind: AttemptKind,
  whose: "account" | "address",
  name: string,
): string {
  return kind === "password" ? `${whose} ${name}` : `${kind} of ${whose} ${name}`;
}

/**
 * Slows down who guesses, by what is guessed, by account and by network address. Waits grow and end: nobody is
 * locked out for good. Whether an account exists makes no difference. Kept in this process alone,
 * bounded by {@linkcode rememberedMax}: the failures longest ago are forgotten first.
 */
export class LoginAttempts {
  readonly #failures = new Map<string, Failures>();

  /**
   * Counts a failure at once, so that many attempts at a time count as many.
   *
   * @throws {AuthError} `too_many_attempts` while a wait is on; asking during the wait does not lengthen it.
   */
  begin(email: string, address: string, at: Date, kind: AttemptKind = "password"): LoginAttempt {
    const account = attemptName(kind, "account", email);
    const network = attemptName(kind, "address", address);
    const limits = attemptLimits[kind];
    const waitMs = Math.max(
      this.#waitMs(account, limits.account, at),
      this.#waitMs(network, limits.address, at),
    );
    refuseWhileWaiting(waitMs, kind);
    const beforeOfAccount = this.#count(account, at);
    const before = this.#count(network, at);
    return {
      succeeded: () => {
        this.#failures.delete(account);
        // Only this attempt is taken back: one known password must not cover up guesses at others.
        this.#takeBack(network, before);
      },
      wasNone: () => {
        this.#takeBack(account, beforeOfAccount);
        this.#takeBack(network, before);
      },
    };
  }

  #waitMs(key: string, { freeMax, delaySecondsMax }: AttemptLimit, at: Date): number {
    const failures = this.#recent(key, at);
    if (!failures || failures.count < freeMax) return 0;
    const delaySeconds = Math.min(delaySecondsMax, 2 ** (failures.count - freeMax));
    return failures.lastMs + delaySeconds * 1000 - at.getTime();
  }

  /** @returns what was known before. */
  #count(key: string, at: Date): Failures | undefined {
    const before = this.#recent(key, at);
    // Set anew, so that the order of the map is the order of the last failures.
    this.#failures.delete(key);
    if (this.#failures.size >= rememberedMax) {
      this.#failures.delete(this.#failures.keys().next().value!);
    }
    this.#failures.set(key, { count: (before?.count ?? 0) + 1, lastMs: at.getTime() });
    return before;
  }

  #takeBack(key: string, before: Failures | undefined): void {
    const failures = this.#failures.get(key);
    if (!failures) return;
    const others = failures.count - 1;
    if (others === (before?.count ?? 0)) {
      if (before) this.#failures.set(key, before);
      else this.#failures.delete(key);
    } else this.#failures.set(key, { ...failures, count: others });
  }

  #recent(key: string, at: Date): Failures | undefined {
    const failures = this.#failures.get(key);
    if (!failures || at.getTime() - failures.lastMs > forgottenAfterMs) return undefined;
    return failures;
  }
}
