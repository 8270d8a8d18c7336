import { auditReads } from "./audit_reads.ts";
import type { Hono } from "hono";
import type { Reach } from "platform/access";
import { onCall } from "./audit_trail.ts";
import { bindRoutes, matching } from "platform/http";
import { found } from "platform/problem";
import type { Dependencies } from "./app.ts";
import {
  type Account,
  type AccountChange,
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
    "users" | "reads" | "audit" | "commonPasswords" | "authenticate" | "log" | "now" | "newId"
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
  const edge = { ...dependencies, policy, translate, idempotency: noIdempotency, onCall };
  /** Changes there what is allowed to be changed here, and then here. */
  const change = async (
    id: string,
    reach: Reach,
    how: (account: Account) => AccountChange,
    there: (id: UserId) => Promise<void>,
  ) => {
    const account = found(await users.find(id, reach));
    how(account);
    await there(account.id);
    return found(await users.update(account.id, reach, how));
  };

  return bindRoutes(routes, edge, {
    async signUp({ body }) {
      const { email, name, password } = body;
      await refuseWeak(password, body, commonPasswords);
      const id = await directory.add({ email, name, password });
      return await users.insert(signedUp({ email, name, roles: ["customer"] }, { id, at: now() }));
    },

    listUsers: ({ reach, query }) => users.list(reach, query),

    readMe: async ({ caller, reach }) => found(await reads.find(caller.subject, reach)),

    async changeMe({ caller, reach, body: { name, password }, ifMatch }) {
      if (password !== undefined || name === undefined) throw elsewhere();
      const renamed = matching(ifMatch, versionOf, (it) => changedProfile(it, { name }, now()));
      return await change(caller.subject, reach, renamed, (id) => directory.rename(id, name));
    },

    ...auditReads(dependencies),

    readUser: async ({ params, reach }) => found(await reads.find(params.userId, reach)),

    async changeRoles({ params, body: { roles }, caller, reach, ifMatch }) {
      const stamp = { by: caller.subject, at: now() };
      const how = matching(ifMatch, versionOf, (account) => changedRoles(account, roles, stamp));
      return await change(params.userId, reach, how, (id) => directory.replaceRoles(id, roles));
    },

    async disableUser({ params, caller, reach, ifMatch }) {
      const stamp = { by: caller.subject, at: now() };
      const how = matching(ifMatch, versionOf, (account) => disabled(account, stamp));
      return await change(params.userId, reach, how, (id) => directory.disable(id));
    },

    async resetFactors({ params, caller, reach, ifMatch }) {
      const stamp = { by: caller.subject, at: now() };
      const how = matching(ifMatch, versionOf, (account) => factorsReset(account, stamp));
      return await change(params.userId, reach, how, (id) => directory.resetFactors(id));
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
