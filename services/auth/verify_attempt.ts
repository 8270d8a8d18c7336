import { type LoginAttempt, normalPassword } from "./domain/mod.ts";
import type { Passwords } from "./ports.ts";

/**
 * Whether a password is the one of `hash`; without a hash, does the same work and says no.
 * An attempt whose password could not be looked at, because there is too much to do, counts for nothing.
 *
 * @throws {AuthError} `busy`
 */
export async function verifyAttempt(
  passwords: Passwords,
  { password, hash, attempt }: {
    readonly password: string;
    readonly hash: string | undefined;
    readonly attempt: LoginAttempt;
  },
): Promise<boolean> {
  try {
    return await passwords.verify(normalPassword(password), hash);
  } catch (thrown) {
    await attempt.wasNone();
    throw thrown;
  }
}
