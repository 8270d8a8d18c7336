import { decodeJwt } from "jose";
import { z } from "zod";
import type { Authenticate, Principal } from "platform/access";
import type { Logger } from "platform/telemetry";
import { AuthError, signedUp, User, UserId, UserRole } from "./domain/mod.ts";
import type { UserStore } from "./ports.ts";

/** How many people are known to have an account, so that the store is not asked for each of their calls. */
export const knownPeopleMax = 10_000;

/** What another issuer's access token says of a person. One of a program says no address. */
const PersonClaims = z.object({
  email: User.shape.email,
  name: User.shape.name.optional().catch(undefined),
  preferred_username: User.shape.name.optional().catch(undefined),
});

export interface PeopleElsewhereOptions {
  readonly users: Pick<UserStore, "find" | "insert">;
  readonly log: Logger;
  readonly now: () => Date;
}

/**
 * Gives everybody an account who shows a token of another issuer, when they first do. Its id is the `sub`
 * of their tokens, and it holds what the token says of them at that time.
 *
 * Nobody becomes the owner of an account that is there: who has the address of another's gets none.
 */
export function withAccounts(
  authenticate: Authenticate,
  { users, log, now }: PeopleElsewhereOptions,
): Authenticate {
  const known = new Set<string>();

  const ensure = async (caller: Principal, request: Request) => {
    const person = personOf(caller, request);
    if (!person || await users.find(person.id, { owner: person.id })) return;
    try {
      const { id, ...said } = person;
      await users.insert(signedUp(said, { id, at: now() }));
    } catch (thrown) {
      if (!(thrown instanceof AuthError) || thrown.code !== "email_taken") throw thrown;
      // Two calls of one person may have met here.
      if (await users.find(person.id, { owner: person.id })) return;
      log.warn("Account refused: another has the address", { "user.id": person.id });
    }
  };

  return async (request, connection) => {
    const caller = await authenticate(request, connection);
    if (known.has(caller.subject)) return caller;
    await ensure(caller, request);
    if (known.size >= knownPeopleMax) known.clear();
    known.add(caller.subject);
    return caller;
  };
}

/** Who calls, if it is a person. The token has been verified. */
function personOf({ subject, roles }: Principal, request: Request) {
  const id = UserId.safeParse(subject);
  const token = request.headers.get("authorization")?.split(" ")[1] ?? "";
  const claims = PersonClaims.safeParse(decodeJwt(token));
  if (!id.success || !claims.success) return undefined;
  const { email, name, preferred_username: username } = claims.data;
  return {
    id: id.data,
    email,
    name: name ?? username ?? email,
    roles: UserRole.options.filter((role) => roles.has(role)),
  };
}
