import type { Hono } from "hono";
import { bindRoutes, matching } from "platform/http";
import { found } from "platform/problem";
import type { Dependencies } from "./app.ts";
import {
  type Account,
  AuthError,
  changedProfile,
  changedRoles,
  disabled,
  factorsReset,
  signedUp,
  type UserId,
} from "./domain/mod.ts";
import type { PeopleDirectory } from "./people_directory.ts";
import { refuseWeak } from "./password_change.ts";
import { policy } from "./policy.ts";
import { translate } from "./problems.ts";
import { routes } from "./routes.ts";
import { noIdempotency } from "./no_idempotency.ts";

export interface ElsewhereDependencies extends
  Pick<
    Dependencies,
    "users" | "reads" | "commonPasswords" | "authenticate" | "log" | "now" | "newId"
  > {
  /** Undefined: nobody can be told there, and what would need it is refused. */
  readonly directory: PeopleDirectory | undefined;
}

/**
 * The users API, where people sign in at another issuer. What is changed is changed there first: an account
 * here says at most what holds there. There is no authorization server, since nobody would take its tokens.
 */
export function createAppElsewhere(dependencies: ElsewhereDependencies): Hono {
  const { users, reads, commonPasswords, now } = dependencies;
  const directory = dependencies.directory ?? refusingDirectory;
  const edge = { ...dependencies, policy, translate, idempotency: noIdempotency };
  const idOf = (account: Account): UserId => account.id;

  return bindRoutes(routes, edge, {
    async signUp({ body }) {
      const { email, name, password } = body;
      await refuseWeak(password, body, commonPasswords);
      const id = await directory.add({ email, name, password });
      return await users.insert(signedUp({ email, name, roles: ["customer"] }, { id, at: now() }));
    },

    listUsers: ({ reach, query }) => users.list(reach, query),

    readMe: async ({ caller, reach }) => found(await reads.find(caller.subject, reach)),

    async changeMe({ caller, reach, body, ifMatch }) {
      if (body.password !== undefined) throw elsewhere();
      const account = found(await users.find(caller.subject, reach));
      const change = matching(
        ifMatch,
        versionOf,
        (current) => changedProfile(current, { name: body.name }, now()),
      );
      change(account);
      if (body.name !== undefined) await directory.rename(idOf(account), body.name);
      return found(await users.update(account.id, reach, change));
    },

    readUser: async ({ params, reach }) => found(await reads.find(params.userId, reach)),

    async changeRoles({ params, body, caller, reach, ifMatch }) {
      const stamp = { by: caller.subject, at: now() };
      const change = matching(
        ifMatch,
        versionOf,
        (current) => changedRoles(current, body.roles, stamp),
      );
      change(found(await users.find(params.userId, reach)));
      await directory.replaceRoles(params.userId, body.roles);
      return found(await users.update(params.userId, reach, change));
    },

    async disableUser({ params, caller, reach, ifMatch }) {
      const stamp = { by: caller.subject, at: now() };
      const change = matching(ifMatch, versionOf, (current) => disabled(current, stamp));
      change(found(await users.find(params.userId, reach)));
      await directory.disable(params.userId);
      return found(await users.update(params.userId, reach, change));
    },

    async resetFactors({ params, caller, reach, ifMatch }) {
      const stamp = { by: caller.subject, at: now() };
      const change = matching(ifMatch, versionOf, (current) => factorsReset(current, stamp));
      change(found(await users.find(params.userId, reach)));
      await directory.resetFactors(params.userId);
      return found(await users.update(params.userId, reach, change));
    },
  });
}

function versionOf({ version }: Account): number {
  return version;
}

const refusingDirectory: PeopleDirectory = {
  add: refuse,
  rename: refuse,
  replaceRoles: refuse,
  disable: refuse,
  resetFactors: refuse,
};

function refuse(): Promise<never> {
  return Promise.reject(elsewhere());
}

function elsewhere(): AuthError {
  return new AuthError("managed_elsewhere", "People are looked after by the identity provider");
}
