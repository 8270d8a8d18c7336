import { deepEqual, equal, ok } from "node:assert/strict";
import type { Stores } from "@services/auth/adapters";
import { UserId } from "@services/auth/domain";
import { type CloudEvent, type Outbox, relayOutbox } from "platform/events";
import { drain } from "platform/events/testing";
import { areMet, silentLogger } from "platform/telemetry";
import { StoreUnavailableError } from "platform/store";
import { aSignUp, renamed } from "../fixtures/accounts.ts";
import { eventually } from "../fixtures/eventually.ts";
import { aDatabase, mongodbForThisFile } from "../fixtures/mongodb_stores.ts";

const mongodb = mongodbForThisFile();

/** Of one call of the database. */
const callTimeoutMs = 2_000;
/** What a call of a store takes at most: a deadline or two, and what a busy machine adds. */
const quickMs = 2 * callTimeoutMs + 1_000;

/** With all that the servers of a busy machine need to come back, and the lease of a lane to run out. */
const patience = { timeoutMs: 60_000 };

/** Somebody who changes an account again and again, whatever comes of it. */
class Writer implements AsyncDisposable {
  readonly #stores: Stores;
  readonly #id: UserId;
  #isStopped = false;
  successes = 0;
  readonly failures: unknown[] = [];
  slowestMs = 0;
  readonly #running: Promise<void>;

  constructor(stores: Stores, id: UserId) {
    this.#stores = stores;
    this.#id = id;
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const beganMs = performance.now();
      try {
        await this.#stores.users.update(this.#id, "any", renamed());
        this.successes++;
      } catch (thrown) {
        this.failures.push(thrown);
        this.slowestMs = Math.max(this.slowestMs, performance.now() - beganMs);
      }
    }
  }
}

/** Relays until it is disposed of, whatever fails. */
function relayTo(outbox: Outbox, wire: CloudEvent[]): AsyncDisposable {
  const publisher = {
    publish: (events: readonly CloudEvent[]) => Promise.resolve(void wire.push(...events)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return relayOutbox({ outbox, publisher, log: silentLogger });
}

/** As readers see them. Some events come twice, since a relay may fail after sending: their ids tell. */
function versionsOf(wire: readonly CloudEvent[], subject: string): readonly unknown[] {
  const own = new Map<string, unknown>();
  for (const event of wire.filter((event) => event.subject === subject)) {
    if (!own.has(event.id)) own.set(event.id, event.data["version"]);
  }
  return [...own.values()];
}

Deno.test({
  name:
    "Auth on MongoDB leaves nothing half-written when the server is killed, and goes on when it is back",
  ignore: mongodb.ignore,
  async fn() {
    const { it } = mongodb;
    await using closing = new AsyncDisposableStack();
    const database = aDatabase();
    const open = () => it.open({ database, callTimeoutMs });
    const replicas = [await open(), await open()];
    for (const replica of replicas) closing.use(replica);
    const [one] = replicas;
    const people = await Promise.all([1, 2, 3, 4].map(() => one!.users.insert(aSignUp())));
    const writers = people.flatMap(({ id }) =>
      replicas.map((replica) => closing.use(new Writer(replica, id)))
    );
    const wire: CloudEvent[] = [];
    for (const { outbox } of replicas) closing.use(relayTo(outbox, wire));
    const allHave = async (promise: string, count: (writer: Writer) => number) => {
      const before = new Map(writers.map((writer) => [writer, count(writer)]));
      await eventually(
        promise,
        () => writers.every((one) => count(one) > before.get(one)!),
        patience,
      );
    };

    for (let round = 1; round <= 3; round++) {
      await allHave("all have written", ({ successes }) => successes);
      await it.server.kill();
      await allHave("all are refused", ({ failures }) => failures.length);
      equal(await areMet(one!.checks), false);
      await it.server.start();
    }
    await allHave("all write again", ({ successes }) => successes);
    await Promise.all(writers.map((writer) => writer[Symbol.asyncDispose]()));

    const failures = writers.flatMap((writer) => writer.failures);
    ok(failures.every((failure) => failure instanceof StoreUnavailableError), String(failures));
    ok(
      writers.every(({ slowestMs }) => slowestMs < quickMs),
      String(writers.map((w) => w.slowestMs)),
    );
    equal(await areMet(one!.checks), true);
    for (const { id } of people) {
      const own = writers.filter((_, index) => people[Math.floor(index / 2)]!.id === id);
      const successes = own.reduce((sum, writer) => sum + writer.successes, 0);
      const uncertain = own.reduce((sum, writer) => sum + writer.failures.length, 0);
      const version = (await one!.users.find(id, "any"))!.version;
      ok(version > successes && version <= 1 + successes + uncertain, `${version} ${successes}`);
      const versions = () => versionsOf(wire, id);
      await eventually("all is told", () => versions().includes(version), patience);
      deepEqual(versions(), Array.from({ length: version }, (_, count) => count + 1));
    }
  },
});

Deno.test({
  name:
    "Auth on MongoDB ends a call that gets no answer, and a sign-up in it is whole or not there",
  ignore: mongodb.ignore,
  async fn() {
    const { server } = mongodb.it;
    await using stores = await mongodb.it.open({ callTimeoutMs });
    const { users, grants, outbox, checks } = stores;
    const { id } = await users.insert(aSignUp());
    await drain(outbox);
    const signUp = aSignUp();
    const calls = {
      insert: () => users.insert(signUp),
      find: () => users.find(id, "any"),
      update: () => users.update(id, "any", renamed()),
      put: () => grants.put({ key: "a", owner: id, payload: {}, expiresAt: new Date() }),
      consumeOnce: () => grants.consumeOnce("a", new Date(), new Date()),
      sweep: () => grants.sweep(new Date()),
      relay: () => drain(outbox),
    };
    await server.pause();
    try {
      await Promise.all(
        Object.entries(calls).map(async ([name, call]) => {
          const beganMs = performance.now();
          const thrown = await (call as () => Promise<unknown>)().then(() => undefined, (t) => t);
          ok(thrown instanceof StoreUnavailableError, `${name}: ${thrown}`);
          ok(performance.now() - beganMs < quickMs, name);
        }),
      );
      equal(await areMet(checks), false);
    } finally {
      await server.resume();
    }
    await eventually("it is ready again", () => areMet(checks));
    const found = await users.find(signUp.account.id, "any");
    if (found) {
      deepEqual(found, signUp.account);
      deepEqual((await drain(outbox)).filter(({ subject }) => subject === found.id).length, 1);
    }
    await users.update(id, "any", renamed());
    ok(await grants.consumeOnce("b", new Date(), new Date()));
  },
});
