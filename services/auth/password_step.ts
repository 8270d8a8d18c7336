import { note } from "./audit_trail.ts";
import { z } from "zod";
import { type Account, emailKey } from "./domain/mod.ts";
import type { Passwords, SignInAttempts, UserStore } from "./ports.ts";
import { verifyAttempt } from "./verify_attempt.ts";

export const Credentials = z.object({
  email: z.string().min(1).max(254).transform(emailKey),
  password: z.string().min(1).max(512),
});
export type Credentials = z.output<typeof Credentials>;

export interface PasswordStepDependencies {
  readonly users: UserStore;
  readonly passwords: Passwords;
  readonly attempts: SignInAttempts;
  readonly now: () => Date;
}

/**
 * The account that these are the credentials of, if it may sign in. Every other outcome is one, and takes
 * the same work: unknown address, wrong password, disabled account.
 *
 * @param address network that the person is in.
 * @throws {AuthError} `too_many_attempts`, `busy`
 */
export async function accountOf(
  { email, password }: Credentials,
  address: string,
  { users, passwords, attempts, now }: PasswordStepDependencies,
): Promise<Account | undefined> {
  const attempt = await attempts.begin(email, address, now());
  const account = await users.findByEmail(email);
  if (account) note({ subject: account.id });
  const matches = await verifyAttempt(passwords, {
    password,
    hash: account?.passwordHash,
    attempt,
  });
  if (!matches || account?.status !== "active") return undefined;
  await attempt.succeeded();
  return account;
}
