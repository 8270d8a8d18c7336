import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  type Account,
  changedProfile,
  changedRoles,
  signedUp,
  usedRecoveryCode,
  usedTotp,
  UserId,
} from "@services/auth/domain";
import type { Artifact, GrantStore, UserStore } from "@services/auth/ports";
import type { CloudEvent, Outbox } from "platform/events";
import { drain, tellsOf } from "platform/events/testing";
import { enrolled, recoveryHashes } from "../fixtures/factors.ts";

/** A user store, and what commits together with it. */
export interface OpenUserStore extends AsyncDisposable {
  readonly users: UserStore;
  readonly grants: GrantStore;
  readonly outbox: Outbox;
}

const start = Date.UTC(2026, 0, 1);

function anAccount(traits: { readonly email?: string; readonly minutes?: number } = {}) {
  const { email = `${crypto.randomUUID()}@example.com`, minutes = 0 } = traits;
  const stamp = {
    id: UserId.parse(crypto.randomUUID()),
    at: new Date(start + minutes * 60_000),
  };
  const passwordHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";
  return signedUp({ email, name: "Ada", passwordHash, roles: ["customer"] }, stamp);
}

/** What every UserStore must do. `open` gives an empty one; without it, the tests are ignored. */
export function userStoreContract(adapter: string, open?: () => Promise<OpenUserStore>): void {
  function test(promise: string, check: (store: OpenUserStore) => Promise<void>): void {
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      async fn() {
        await using store = await open!();
        await check(store);
      },
    });
  }

  test("gives an account back to its owner, and as a user without its password", async ({ users }) => {
    const { account, event } = anAccount();
    const { passwordHash: _hash, ...user } = account;
    deepEqual(await users.insert({ account, event }), user);
    deepEqual(await users.find(account.id, { owner: account.id }), account);
    deepEqual(await users.find(account.id, "any"), account);
  });

  test("hides an account from everyone but its owner", async ({ users }) => {
    const { id } = await users.insert(anAccount());
    const eve = { owner: crypto.randomUUID() };
    equal(await users.find(id, eve), undefined);
    equal(await users.update(id, eve, rename), undefined);
    deepEqual((await users.list(eve, { limit: 10 })).items, []);
    equal(await users.find("demo-machine", { owner: "demo-machine" }), undefined);
  });

  test("finds an account by its address in any case", async ({ users }) => {
    const { account } = anAccount({ email: "Ada@Example.com" });
    await users.insert({ account, event: undefined });
    deepEqual(await users.findByEmail("aDA@example.COM"), account);
    equal(await users.findByEmail("bob@example.com"), undefined);
  });

  test("has one account for each address, whatever its case", async ({ users, outbox }) => {
    await users.insert(anAccount({ email: "ada@example.com" }));
    const again = anAccount({ email: "ADA@example.com" });
    await rejects(users.insert(again), { code: "email_taken" });
    equal(await users.find(again.account.id, "any"), undefined);
    equal((await drain(outbox)).length, 1);
  });

  test("lets one of many sign up with an address at once", async ({ users, outbox }) => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => users.insert(anAccount({ email: "ada@example.com" }))),
    );
    equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    equal((await drain(outbox)).length, 1);
  });

  test("tells the relays of its process of a change once it is committed", async ({ users, outbox }) => {
    const { account, event } = anAccount();
    equal(await tellsOf(outbox, () => users.insert({ account, event })), 1);
    equal(await tellsOf(outbox, () => users.update(account.id, "any", rename)), 1);
  });

  test("writes and tells nothing when the change throws", async ({ users, outbox }) => {
    const { account, event } = anAccount();
    await users.insert({ account, event });
    const dropOwnRole = (current: Account) => {
      rename(current);
      return changedRoles(current, ["orders"], { by: current.id, at: new Date(start) });
    };
    await rejects(users.update(account.id, "any", dropOwnRole), { code: "own_admin_role" });
    deepEqual(await users.find(account.id, "any"), account);
    equal((await drain(outbox)).length, 1);
  });

  test("keeps a change of which there is nothing to tell", async ({ users, outbox }) => {
    const { account, event } = anAccount();
    await users.insert({ account, event });
    await users.update(account.id, "any", enrolled);
    equal((await drain(outbox)).length, 2);
    equal(
      (await users.update(account.id, "any", (current) => usedTotp(current, () => 1)))?.version,
      2,
    );
    equal((await users.find(account.id, "any"))?.factors?.totp?.usedStep, 1);
    equal((await drain(outbox)).length, 0);
  });

  test("lets one of a thousand concurrent uses of a code succeed", async ({ users }) => {
    const { id } = await users.insert(anAccount());
    await users.update(id, "any", enrolled);
    const use = (account: Account) => usedTotp(account, () => 1);
    await oneSucceeds(() => users.update(id, "any", use));
  });

  test("lets one of a thousand concurrent uses of a recovery code succeed", async ({ users }) => {
    const { id } = await users.insert(anAccount());
    await users.update(id, "any", enrolled);
    const use = (account: Account) =>
      usedRecoveryCode(account, recoveryHashes[0]!, new Date(start));
    await oneSucceeds(() => users.update(id, "any", use));
    equal((await users.find(id, "any"))?.factors?.recoveryCodes.length, 9);
  });

  test("writes nothing when the change gives back what it was given", async ({ users, outbox }) => {
    const { account, event } = anAccount();
    await users.insert({ account, event });
    const user = await users.update(account.id, "any", (current) => ({
      account: current,
      event: undefined,
    }));
    equal(user?.version, 1);
    equal((await drain(outbox)).length, 1);
  });

  test("loses no update when many arrive at once, and tells of each", async ({ users, outbox }) => {
    const { id } = await users.insert(anAccount());
    await Promise.all(Array.from({ length: 50 }, () => users.update(id, "any", rename)));
    equal((await users.find(id, "any"))?.version, 51);
    const versions = (await drain(outbox)).map(versionOf);
    deepEqual(versions, Array.from({ length: 51 }, (_, n) => n + 1));
  });

  test("revokes a person's grants with the change, and nobody else's", async ({ users, grants }) => {
    const [ada, bob] = [await users.insert(anAccount()), await users.insert(anAccount())];
    for (const { id } of [ada, bob]) await grants.put(aGrant(id));
    await users.update(ada.id, "any", rename);
    ok(await grants.find(`grant of ${ada.id}`), "a change revokes only when it is asked to");
    await users.update(ada.id, "any", rename, { revokesGrants: true });
    equal(await grants.find(`grant of ${ada.id}`), undefined);
    ok(await grants.find(`grant of ${bob.id}`));
  });

  test("revokes grants also when there is nothing to tell", async ({ users, grants }) => {
    const { id } = await users.insert(anAccount());
    await grants.put(aGrant(id));
    const keep = (account: Account) => ({ account, event: undefined });
    await users.update(id, "any", keep, { revokesGrants: true });
    equal(await grants.find(`grant of ${id}`), undefined);
  });

  test("revokes no grant when the change throws or is out of reach", async ({ users, grants }) => {
    const { id } = await users.insert(anAccount());
    await grants.put(aGrant(id));
    const refuse = () => {
      throw new Error("refused");
    };
    const revokesGrants = true;
    await rejects(users.update(id, "any", refuse, { revokesGrants }), /refused/);
    equal(await users.update(id, { owner: "eve" }, rename, { revokesGrants }), undefined);
    ok(await grants.find(`grant of ${id}`));
  });

  test("tells of a change without anything personal", async ({ users, outbox }) => {
    const { account, event } = anAccount();
    await users.insert({ account, event });
    const [told] = await drain(outbox);
    equal(told?.type, "sallyport.auth.user.changed");
    equal(told?.source, "sallyport://auth");
    equal(told?.subject, account.id);
    deepEqual(told?.data, {
      id: account.id,
      roles: ["customer"],
      status: "active",
      version: 1,
    });
  });

  test("lists every account once, newest first, page by page", async ({ users }) => {
    // Some were made at the same moment: the id decides, and none is lost between two pages.
    const minutes = [0, 1, 1, 1, 2];
    for (const minute of minutes) await users.insert(anAccount({ minutes: minute }));
    const seen: string[] = [];
    let query: Parameters<UserStore["list"]>[1] = { limit: 2 };
    for (let pages = 0; pages < 5; pages++) {
      const { items, nextCursor } = await users.list("any", query);
      seen.push(...items.map(({ id, createdAt }) => `${createdAt} ${id}`));
      if (nextCursor === null) break;
      const last = items.at(-1)!;
      query = { limit: 2, cursor: { at: last.createdAt, id: last.id } };
    }
    equal(new Set(seen).size, minutes.length);
    deepEqual(seen, seen.toSorted().reverse());
  });
}

async function oneSucceeds(use: () => Promise<unknown>): Promise<void> {
  const outcomes = await Promise.allSettled(Array.from({ length: 1_000 }, use));
  equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
  const reasons = outcomes.flatMap((outcome) =>
    outcome.status === "rejected" ? [String(outcome.reason.code)] : []
  );
  deepEqual(new Set(reasons), new Set(["second_factor_wrong"]));
}

function aGrant(owner: string): Artifact {
  const expiresAt = new Date(start + 3_600_000);
  return { key: `grant of ${owner}`, owner, payload: {}, expiresAt };
}

function rename(account: Account) {
  return changedProfile(account, { name: "Countess" }, new Date(start));
}

function versionOf({ data }: CloudEvent): unknown {
  return data["version"];
}
