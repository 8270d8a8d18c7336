import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Stores } from "@services/auth/adapters";
import { collections, MongodbOutbox } from "@services/auth/adapters/mongodb";
import type { Account } from "@services/auth/domain";
import {
  Authenticator,
  AuthServer,
  Browser,
  enrolPasskey,
  enrolTotp,
  linkIn,
} from "@services/auth/testing";
import { drain } from "platform/events/testing";
import { aSignUp, renamed } from "../fixtures/accounts.ts";
import { aDatabase, mongodbForThisFile, type TestMongodb } from "../fixtures/mongodb_stores.ts";

const mongodb = mongodbForThisFile();
const later = new Date("2026-01-02T13:00:00.000Z");

function test(promise: string, check: (mongodb: TestMongodb) => Promise<void>): void {
  Deno.test({
    name: `Auth on MongoDB ${promise}`,
    ignore: mongodb.ignore,
    fn: () => check(mongodb.it),
  });
}

/** Calls `check` with replicas of one program. */
async function withReplicas(
  mongodb: TestMongodb,
  count: number,
  check: (replicas: readonly Stores[]) => Promise<void>,
): Promise<void> {
  await using closing = new AsyncDisposableStack();
  const replicas = await mongodb.openReplicas(count);
  for (const replica of replicas) closing.use(replica);
  await check(replicas);
}

test("loses no change that several replicas make at once, and tells each once, in order", (mongodb) =>
  withReplicas(mongodb, 3, async (replicas) => {
    const { id } = await replicas[0]!.users.insert(aSignUp());
    await Promise.all(
      replicas.flatMap(({ users }) =>
        Array.from({ length: 8 }, () => users.update(id, "any", renamed()))
      ),
    );
    equal((await replicas[1]!.users.find(id, "any"))?.version, 25);
    const told = (await Promise.all(replicas.map(({ outbox }) => drain(outbox)))).flat();
    deepEqual(
      told.map(({ data }) => data["version"]),
      Array.from({ length: 25 }, (_, count) => count + 1),
    );
  }));

test("gives an address to one of those who sign up with it on several replicas", (mongodb) =>
  withReplicas(mongodb, 4, async (replicas) => {
    for (let round = 0; round < 5; round++) {
      const email = `ada${round}@example.com`;
      const outcomes = await Promise.allSettled(
        replicas.flatMap(({ users }) => [1, 2, 3].map(() => users.insert(aSignUp({ email })))),
      );
      const failures = outcomes.filter((outcome) => outcome.status === "rejected");
      equal(failures.length, 11);
      ok(failures.every(({ reason }) => reason.code === "email_taken"));
    }
  }));

test("lets one of those who use an artifact on several replicas have it", (mongodb) =>
  withReplicas(mongodb, 4, async (replicas) => {
    for (let round = 0; round < 10; round++) {
      const won = await Promise.all(
        replicas.flatMap(({ grants }) =>
          [1, 2, 3].map(() => grants.consumeOnce(`a${round}`, later, later))
        ),
      );
      equal(won.filter((isFirst) => isFirst).length, 1);
    }
  }));

test("counts no artifact that was put before a revocation, whether or not it is deleted", async (mongodb) => {
  const database = aDatabase();
  await using stores = await mongodb.open({ database });
  await using link = mongodb.link(database);
  const { users, grants, outbox } = stores;
  const { id } = await users.insert(aSignUp());
  await grants.put({ key: "session", owner: id, payload: {}, expiresAt: later });
  await users.update(id, "any", renamed(), { revokesGrants: true });
  const kept = () => link.run((db) => collections.artifacts(db).countDocuments({ owner: id }));
  equal(await grants.find("session"), undefined);
  equal(await kept(), 1);
  await drain(outbox);
  equal(await kept(), 0);
  await grants.put({ key: "session", owner: id, payload: {}, expiresAt: later });
  ok(await grants.find("session"), "who signs in again has a session");
});

test("counts no artifact of a revoked family that is put too late", async (mongodb) => {
  await using stores = await mongodb.open();
  const { grants } = stores;
  await grants.revokeGrant("family");
  await grants.put({ key: "token", grantId: "family", payload: {}, expiresAt: later });
  equal(await grants.find("token"), undefined);
});

test("keeps nothing readable of what an account was, once that is told", async (mongodb) => {
  const database = aDatabase();
  let now = new Date();
  await using stores = await mongodb.open({ database, now: () => now });
  await using link = mongodb.link(database);
  const { users, grants, outbox } = stores;
  const { id, email } = await users.insert(aSignUp({ name: "Lovelace" }));
  for (const name of ["Byron", "King"]) await users.update(id, "any", renamed(name));
  await drain(outbox);
  const kept = () => link.run((db) => collections.accounts(db).find().sort({ step: 1 }).toArray());
  ok(!/Lovelace|Byron/.test(JSON.stringify(await kept())));
  equal((await kept()).length, 3);

  // Long after, what is left is the account, and the step that keeps its address.
  now = new Date(now.getTime() + 2 * 3_600_000);
  await grants.sweep(now);
  deepEqual((await kept()).map(({ step }) => step), [1, 3]);
  equal((await users.findByEmail(email))?.name, "King");
  equal((await users.list("any", { limit: 10 })).items.length, 1);
  await rejects(users.insert(aSignUp({ email })), { code: "email_taken" });
  await users.update(id, "any", renamed("Noel"));
  equal((await users.find(id, "any"))?.version, 4);
});

test("refuses to give an account another address", async (mongodb) => {
  await using stores = await mongodb.open();
  const { users } = stores;
  const { id, email } = await users.insert(aSignUp());
  const move = (account: Account) => {
    const { event, account: changed } = renamed()(account);
    return { event, account: { ...changed, email: "other@example.com" } };
  };
  await rejects(users.update(id, "any", move), /Cannot change account/);
  equal((await users.find(id, "any"))?.email, email);
});

test("leaves a lane to the relay that is at it, and takes it over when that has died", async (mongodb) => {
  const database = aDatabase();
  let now = new Date();
  await using stores = await mongodb.open({ database, now: () => now });
  await using link = mongodb.link(database);
  await stores.users.insert(aSignUp());
  const dead = new MongodbOutbox(link, () => now);
  const { promise: never } = Promise.withResolvers<void>();
  const { promise: isSending, resolve: sending } = Promise.withResolvers<void>();
  dead.relay(10, () => {
    sending();
    return never;
  });
  await isSending;
  deepEqual(await drain(stores.outbox), []);
  now = new Date(now.getTime() + 60_000);
  equal((await drain(stores.outbox)).length, 1);
});

test("answers ten uses of a refresh token at once with the same tokens, spread over replicas", async (mongodb) => {
  await using closing = new AsyncDisposableStack();
  const servers = await AuthServer.openAll(await mongodb.openReplicas(2));
  for (const server of servers) closing.use(server);
  const [one, another] = servers;
  const [email, password] = ["ada@example.com", "correct horse battery"];
  await one!.addUser(email, password);
  const { refresh_token } = await new Browser(another!).tokens(email, password);
  const uses = Array.from({ length: 5 }, () => servers).flat()
    .map((server) => new Browser(server).refresh(refresh_token));
  const answers = await Promise.all(uses);
  deepEqual(answers.map(({ status }) => status), Array(10).fill(200));
  const texts = new Set(await Promise.all(answers.map((answer) => answer.text())));
  equal(texts.size, 1);
  const { refresh_token: next } = JSON.parse([...texts][0]!);
  equal((await new Browser(one!).refresh(next)).status, 200);
});

test("lets one of ten uses of a code, and of a passkey's answer, through, spread over replicas", async (mongodb) => {
  await using closing = new AsyncDisposableStack();
  const servers = await AuthServer.openAll(await mongodb.openReplicas(2));
  for (const server of servers) closing.use(server);
  const [one, another] = [servers[0]!, servers[1]!];
  const [email, password] = ["ada@example.com", "correct horse battery"];
  const id = await one.addUser(email, password);
  const app = await enrolTotp(one, id);
  const key = await Authenticator.make({ isSynced: true });
  await enrolPasskey(another, id, key);
  const visits = await Promise.all(
    [one, another, one, another, one, another, one, another].map(async (server) => {
      const browser = new Browser(server);
      const form = await browser.openForm();
      equal((await browser.post(form, { email, password })).status, 200);
      return { browser, form };
    }),
  );
  const code = app.code(one.now);
  const byCode = await Promise.all(visits.map(({ browser, form }) => browser.post(form, { code })));
  deepEqual(byCode.map(({ status }) => status).toSorted(), [303, ...Array(7).fill(422)]);

  const browser = new Browser(one);
  const form = await browser.openForm();
  const options = await (await browser.post(`${form}/passkey`, {})).json();
  const passkey = await key.get(options);
  const uses = Array.from({ length: 5 }, () => [browser, browser.through(another)]).flat();
  const byKey = await Promise.all(uses.map((use) => use.post(form, { passkey })));
  deepEqual(byKey.map(({ status }) => status).toSorted(), [303, ...Array(9).fill(422)]);
});

test("lists and ends devices, and resets passwords, whichever replica is asked", async (mongodb) => {
  await using closing = new AsyncDisposableStack();
  const servers = await AuthServer.openAll(await mongodb.openReplicas(2));
  for (const server of servers) closing.use(server);
  const [one, another] = [servers[0]!, servers[1]!];
  const [email, password] = ["ada@example.com", "correct horse battery"];
  await one.addUser(email, password);
  const [here, phone] = [
    new Browser(one),
    new Browser(another, { "user-agent": "iPhone Safari/" }),
  ];
  await here.openAccount("/oidc/account", email, password);
  const tokens = await phone.tokens(email, password);
  const page = await (await here.get("/oidc/account/sessions")).text();
  const uid = /Safari on iPhone[^]*?name="session" value="([^"]+)"/.exec(page)![1]!;
  equal((await here.fill("/oidc/account/sessions", { session: uid })).status, 303);
  equal((await phone.refresh(tokens.refresh_token)).status, 400);
  equal((await phone.get("/oidc/account")).status, 303);

  await new Browser(another).fill("/oidc/forgot", { email });
  // Whoever gets to it first sends it.
  const mail = await Promise.race(servers.map(({ mailbox }) => mailbox.next(email)));
  const wanted = { password: "a fountain of small stones" };
  const link = linkIn(mail);
  const answers = await Promise.all(
    [one, another, one, another].map((server) => new Browser(server).fill(link, wanted)),
  );
  deepEqual(answers.map(({ status }) => status).toSorted(), [200, 400, 400, 400]);
  equal((await here.get("/oidc/account")).status, 303);
});
