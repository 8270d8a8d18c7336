import {
  type Account,
  AuthError,
  changedProfile,
  emailKey,
  refuseGuessable,
  spellingsOf,
} from "./domain/mod.ts";
import type { MailDelivery } from "./mail_delivery.ts";
import type { PasswordList, Passwords, SignInAttempts, UserStore } from "./ports.ts";
import { verifyAttempt } from "./verify_attempt.ts";

export interface PasswordChangeDependencies {
  readonly users: UserStore;
  readonly passwords: Passwords;
  readonly commonPasswords: PasswordList;
  readonly attempts: SignInAttempts;
  readonly mail: MailDelivery;
  readonly now: () => Date;
}

/** @throws {AuthError} `password_refused` when who guesses would soon come to it. */
export async function refuseWeak(
  password: string,
  { email, name }: { readonly email: string; readonly name: string },
  commonPasswords: PasswordList,
): Promise<void> {
  refuseGuessable(password, email, name);
  for (const spelling of spellingsOf(password)) {
    if (!await commonPasswords.has(spelling)) continue;
    throw new AuthError("password_refused", "The password is one that many people have used");
  }
}

/**
 * The hash of the new password, once the current one was shown to be known.
 *
 * @throws {AuthError} `current_password_wrong`, `password_refused`, `too_many_attempts`, `busy`
 */
export async function newPasswordHash(
  account: Account,
  { password, currentPassword }: { readonly password: string; readonly currentPassword: string },
  { passwords, commonPasswords, attempts, now }: PasswordChangeDependencies,
): Promise<string> {
  await refuseWeak(password, account, commonPasswords);
  // A stolen token must not be a way to guess faster than the sign-in form allows.
  const attempt = await attempts.begin(emailKey(account.email), `account ${account.id}`, now());
  const current = { password: currentPassword, hash: account.passwordHash, attempt };
  if (!await verifyAttempt(passwords, current)) throw wrongPassword();
  await attempt.succeeded();
  return await passwords.hash(password);
}

/** The password that was verified must still be the one in force. @throws {AuthError} `current_password_wrong` */
export function refuseOtherPassword(verified: Account, current: Account): void {
  if (current.passwordHash !== verified.passwordHash) throw wrongPassword();
}

/** Gives the account another password, signs it out everywhere, and has its owner told. */
export async function replacePassword(
  account: Account,
  passwordHash: string,
  { users, mail, now }: PasswordChangeDependencies,
): Promise<void> {
  const tell = await mail.announce("password_changed", account);
  await users.update(account.id, { owner: account.id }, (current) => {
    refuseOtherPassword(account, current);
    return changedProfile(current, { passwordHash }, now());
  }, { revokesGrants: true });
  tell();
}

function wrongPassword(): AuthError {
  return new AuthError("current_password_wrong", "The current password is another");
}
