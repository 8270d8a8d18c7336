import type { Principal, Reach } from "platform/access";
import { matching } from "platform/http";
import { found } from "platform/problem";
import { type Account, factorsReset, type User, type UserId } from "./domain/mod.ts";
import type { MailDelivery } from "./mail_delivery.ts";
import type { UserStore } from "./ports.ts";

export interface FactorResetDependencies {
  readonly users: UserStore;
  readonly mail: MailDelivery;
  readonly now: () => Date;
}

/** Takes somebody's factors away, ends their sign-ins, and has them told. @throws {AuthError} `own_factors` */
export async function resetFactors(
  { params, caller, reach, ifMatch }: {
    readonly params: { readonly userId: UserId };
    readonly caller: Principal;
    readonly reach: Reach;
    /** Version that the caller has seen. */
    readonly ifMatch: number | undefined;
  },
  { users, mail, now }: FactorResetDependencies,
): Promise<User> {
  const stamp = { by: caller.subject, at: now() };
  const change = matching(
    ifMatch,
    ({ version }: Account) => version,
    (current) => factorsReset(current, stamp),
  );
  const account = found(await users.find(params.userId, reach));
  const tell = await mail.announce("factors_reset", account);
  const user = found(await users.update(account.id, reach, change, { revokesGrants: true }));
  tell();
  return user;
}
