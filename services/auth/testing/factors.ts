import { TOTP } from "otpauth";
import { type Account, UserId, withPasskey, withTotp } from "../domain/mod.ts";
import { Passkeys } from "../passkeys.ts";
import { newTotpSecret } from "../totp.ts";
import { type AuthServer, issuer, recovery } from "./auth_server.ts";
import type { Authenticator, Lies } from "./authenticator.ts";

/** An authenticator app, and what was noted when it was set up. */
export interface Enrolled {
  readonly recoveryCodes: readonly string[];
  /** The code that the app shows. */
  code(at: Date): string;
}

/** Gives somebody an authenticator app, whose codes are good from now on. */
export async function enrolTotp(server: AuthServer, userId: string): Promise<Enrolled> {
  const id = UserId.parse(userId);
  const secret = newTotpSecret();
  const { codes, hashes } = recovery.make(id);
  const change = (account: Account) =>
    withTotp(account, { secret, usedStep: 0, recoveryCodes: hashes }, server.now);
  await server.stores.users.update(id, { owner: id }, change);
  const totp = new TOTP({ secret });
  return {
    recoveryCodes: codes,
    code: (at) => totp.generate({ timestamp: at.getTime() }),
  };
}

/** Gives somebody a passkey that `authenticator` makes for them. */
export async function enrolPasskey(
  server: AuthServer,
  userId: string,
  authenticator: Authenticator,
  lies: Lies = {},
): Promise<void> {
  const id = UserId.parse(userId);
  const { users, grants } = server.stores;
  const account = (await users.find(id, { owner: id }))!;
  const passkeys = new Passkeys({ issuer, users, grants, now: () => server.now });
  const session = "a session";
  const options = await passkeys.creationOptions(account, session);
  const json = await authenticator.create(options, lies);
  const passkey = await passkeys.created(json, { account, session, name: "Laptop" });
  const { hashes: recoveryCodes } = recovery.make(id);
  await users.update(
    id,
    { owner: id },
    (current) => withPasskey(current, { passkey, recoveryCodes }, server.now),
  );
}
