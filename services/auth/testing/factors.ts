import { TOTP } from "otpauth";
import { type Account, UserId, withTotp } from "../domain/mod.ts";
import { newTotpSecret } from "../totp.ts";
import { type AuthServer, recovery } from "./auth_server.ts";

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
