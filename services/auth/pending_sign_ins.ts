import { z } from "zod";
import { artifactKey } from "./artifact_key.ts";
import { type Account, AuthError, hasSecondFactor } from "./domain/mod.ts";
import type { GrantStore, UserStore } from "./ports.ts";

/** From the right password on, for the second factor. */
export const pendingMs = 600_000;

const Payload = z.object({ accountId: z.string(), state: z.string() });

export interface PendingSignInsDependencies {
  readonly users: UserStore;
  readonly grants: GrantStore;
  readonly now: () => Date;
}

/**
 * Who has shown their password in a visit, and nothing else yet. It is kept here and not in the browser,
 * and ends with whatever ends the person's sign-ins.
 */
export class PendingSignIns {
  readonly #dependencies: PendingSignInsDependencies;

  constructor(dependencies: PendingSignInsDependencies) {
    this.#dependencies = dependencies;
  }

  /** @param visit id of the interaction, which only the browser with its cookie may go on with. */
  async begin(visit: string, account: Account): Promise<void> {
    const { grants, now } = this.#dependencies;
    await grants.put({
      key: await keyOf(visit),
      owner: account.id,
      payload: { accountId: account.id, state: await signInStateOf(account) },
      expiresAt: new Date(now().getTime() + pendingMs),
    });
  }

  /** The account, as it is now, unless what the password was good for has changed meanwhile. */
  async find(visit: string): Promise<Account | undefined> {
    const { users, grants, now } = this.#dependencies;
    const artifact = await grants.find(await keyOf(visit));
    if (!artifact || artifact.expiresAt <= now()) return undefined;
    const { accountId, state } = Payload.parse(artifact.payload);
    const account = await users.find(accountId, { owner: accountId });
    if (!account || !hasSecondFactor(account)) return undefined;
    return await signInStateOf(account) === state ? account : undefined;
  }

  async end(visit: string): Promise<void> {
    await this.#dependencies.grants.destroy(await keyOf(visit));
  }
}

/** Whether two states of an account let the same person in by the same password. */
function isSameSignIn(one: Account, other: Account): boolean {
  return one.status === "active" && other.status === "active" &&
    one.passwordHash === other.passwordHash && one.signInsValidFrom === other.signInsValidFrom;
}

/** @throws {AuthError} `sign_in_over` unless the same person gets in by the same password as before. */
export function refuseOtherSignIn(before: Account, current: Account): void {
  if (isSameSignIn(before, current)) return;
  throw new AuthError("sign_in_over", "The account was changed meanwhile");
}

/** Another as soon as `isSameSignIn` says no; tells nothing of the account. */
function signInStateOf({ status, passwordHash, signInsValidFrom }: Account): Promise<string> {
  const state = JSON.stringify([status, passwordHash, signInsValidFrom]);
  return artifactKey("PendingSignIn", "state", state);
}

function keyOf(visit: string): Promise<string> {
  return artifactKey("PendingSignIn", "visit", visit);
}
