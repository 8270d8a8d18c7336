import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { openStores, type Stores } from "@services/orders/adapters";
import { ciphersOf } from "@services/orders/ciphers";
import {
  changeProduct,
  newSaga,
  OrderError,
  placed,
  price,
  type ProductId,
  unsettled,
} from "@services/orders/domain";
import { drain } from "platform/events/testing";
import { TestKeyRing } from "platform/crypto/testing";
import { callMsMax, type Postgres, PostgresOutbox } from "platform/postgres";
import { StoreUnavailableError } from "platform/store";
import { anOrder, aProduct, noon, placing, placingSome, stockOf } from "../fixtures/orders.ts";
import { openPostgresScene } from "../fixtures/postgres.ts";

const postgres = await openPostgresScene();
Deno.test.afterAll(async () => await postgres?.[Symbol.asyncDispose]());

interface Scene {
  readonly one: Stores;
  readonly other: Stores;
  readonly db: Postgres;
}

/** Two processes before one database. */
function test(promise: string, check: (scene: Scene) => Promise<void>): void {
  Deno.test({
    name: promise,
    ignore: !postgres,
    async fn() {
      await using opened = new AsyncDisposableStack();
      const config = await postgres!.database();
      const stores = { kind: "postgres", postgres: config } as const;
      const needs = { identity: postgres!.identity, ciphers: ciphersOf(new TestKeyRing()) };
      const open = async () => opened.use(await openStores(stores, needs));
      await check({
        one: await open(),
        other: await open(),
        db: opened.use(postgres!.open(config, 2)),
      });
    },
  });
}

test("Orders of the same products in another order do not wait for each other for ever", async ({ one, other }) => {
  const [tea, cup] = [aProduct({ stock: 100 }), aProduct({ stock: 100 })];
  for (const product of [tea, cup]) await one.products.insert(product);
  const place = ({ orders }: Stores, ids: readonly ProductId[]) => {
    const { id, customerId } = anOrder();
    const lines = ids.map((productId) => ({ productId, quantity: 1 }));
    const body = { lines, paymentMethod: "pm_card_visa" };
    return orders.place(id, ids, (products) => {
      const order = price(body, products, { id, customerId, at: noon });
      return placed({ order, saga: newSaga(id, "sealed", noon) });
    });
  };
  await Promise.all(
    Array.from(
      { length: 40 },
      (_, index) => index % 2 ? place(one, [tea.id, cup.id]) : place(other, [cup.id, tea.id]),
    ),
  );
  equal(await stockOf(one.products, tea), 60);
  equal(await stockOf(one.products, cup), 60);
});

test("An order that takes the last of a product is there for who places it again meanwhile", async ({ one, other }) => {
  const tea = await one.products.insert(aProduct({ stock: 3 }));
  const order = anOrder();
  const orders = await Promise.all(
    Array.from(
      { length: 8 },
      (_, index) =>
        (index % 2 ? one : other).orders.place(order.id, [tea.id], placingSome(order, tea, 3)),
    ),
  );
  equal(new Set(orders.map(({ id }) => id)).size, 1);
  equal(await stockOf(one.products, tea), 0);
});

test("Stock that is not there cannot be taken, whatever was decided", async ({ one }) => {
  const tea = await one.products.insert(aProduct({ stock: 3 }));
  const order = anOrder();
  const more = placingSome(order, tea, 4);
  await rejects(
    one.orders.place(order.id, [tea.id], () => more([{ ...tea, stock: 4 }])),
    (thrown) => thrown instanceof OrderError && thrown.code === "out_of_stock",
  );
  equal(await one.orders.find(order.id, "any"), undefined);
  equal(await stockOf(one.products, tea), 3);
  deepEqual(await drain(one.outbox), []);
});

test("No write of a saga is lost that leaves its order as it was", async ({ one, other }) => {
  const order = anOrder();
  await one.orders.place(order.id, [], placing(order));
  await Promise.all(
    Array.from(
      { length: 20 },
      (_, index) =>
        (index % 2 ? one : other).orders.transition(
          order.id,
          "any",
          (course) => unsettled(course, null, noon),
        ),
    ),
  );
  const claim = await one.sagas.claim(order.id, noon, 1_000);
  equal(claim?.item.saga.attempts, 20);
  equal(claim?.item.order.version, 1);
});

test("Whatever a name holds is given back as it came", async ({ one }) => {
  const name = "€ ' \" \\ \n \u0000 😀 \ud800 {,} %s $1";
  const tea = await one.products.insert(aProduct({ name }));
  deepEqual(await one.products.find(tea.id), tea);
  await one.products.update(tea.id, (product) => changeProduct(product, { stock: 1 }), noon);
  equal((await one.products.find(tea.id))?.name, name);
});

test("Nothing comes after a place where no list has ended", async ({ one }) => {
  await one.products.insert(aProduct());
  const order = anOrder();
  await one.orders.place(order.id, [], placing(order));
  const at = new Date(noon.getTime() + 1).toISOString();
  const id = "ffffffff-ffff-ffff-ffff-ffffffffffff";
  const forged = [{ at, id: "x" }, { at, id: "\u0000" }, { at: "0000-01-01T00:00:00.000Z", id }];
  for (const cursor of forged) {
    deepEqual((await one.products.list({ limit: 9, cursor })).items, []);
    deepEqual((await one.orders.list("any", { limit: 9, cursor })).items, []);
  }
  equal((await one.orders.list("any", { limit: 9, cursor: { at, id } })).items.length, 1);
  const last = { at, id: "9".repeat(15) };
  deepEqual((await one.orders.history(order.id, "any", { limit: 9, cursor: last }))?.items, []);
});

test("Nobody who writes waits for a relay, and each relay has a lane of its own", async ({ one, other }) => {
  const orders = Array.from({ length: 40 }, () => anOrder());
  for (const order of orders) await one.orders.place(order.id, [], placing(order));
  const sending = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const sent: string[] = [];
  const held: string[] = [];
  const first = one.outbox.relay(100, async (events) => {
    held.push(...events.map(({ subject }) => subject));
    begun.resolve();
    await sending.promise;
  });
  await begun.promise;
  const more = Array.from({ length: 20 }, () => anOrder());
  for (const order of more) await other.orders.place(order.id, [], placing(order));
  sent.push(...(await drain(other.outbox)).map(({ subject }) => subject));
  deepEqual(sent.filter((subject) => held.includes(subject)), []);
  ok(sent.length > held.length);
  sending.resolve();
  equal((await first).sent, held.length);
  const rest = (await drain(one.outbox)).map(({ subject }) => subject);
  const all = [...held, ...sent, ...rest].toSorted();
  deepEqual(all, [...orders, ...more].map(({ id }) => id).toSorted());
});

test("A load whose sending does not end in time is another relay's", async ({ one, db }) => {
  const order = anOrder();
  await one.orders.place(order.id, [], placing(order));
  const impatient = new PostgresOutbox(db, "orders", { relayMsMax: 100 });
  await rejects(impatient.relay(10, () => new Promise(() => {})), StoreUnavailableError);
  deepEqual((await drain(one.outbox)).map(({ subject }) => subject), [order.id]);
});

test("A caller waits for a connection until its deadline, and the next one gets it", async ({ db }) => {
  const held = Promise.withResolvers<void>();
  const holding = [1, 2].map(() => db.transaction(() => held.promise));
  const startedMs = performance.now();
  await rejects(
    db.transaction(() => Promise.resolve(), { deadlineMs: 100 }),
    StoreUnavailableError,
  );
  ok(performance.now() - startedMs < callMsMax / 2);
  held.resolve();
  await Promise.all(holding);
  await db.check();
});

test("Calls are cut off when the connections are closed, and none is taken afterwards", async ({ db }) => {
  const calls = [1, 2, 3].map(() => db.transaction((sql) => sql`select pg_sleep(1)`));
  const outcomes = Promise.allSettled(calls);
  await db[Symbol.asyncDispose]();
  const states = (await outcomes).map((outcome) =>
    outcome.status === "rejected" && outcome.reason instanceof StoreUnavailableError
  );
  deepEqual(states, [true, true, true]);
  await rejects(db.check(), StoreUnavailableError);
});

test("A statement that the server is too slow with is given up there, too", async ({ db }) => {
  const slow = db.transaction((sql) => sql`select pg_sleep(60)`, { deadlineMs: 2 * callMsMax });
  await rejects(slow, (thrown) => {
    ok(thrown instanceof StoreUnavailableError);
    return /statement timeout/.test((thrown.cause as Error).message);
  });
});

test("A transaction whose failure nobody passed on is not taken for written", async ({ db }) => {
  const deaf = db.transaction(async (sql) => {
    await sql`insert into inbox_events (id, handled_at) values ('e1', ${noon})`;
    await sql`select 1 / 0`.catch(() => {});
  });
  await rejects(deaf, /Cannot commit/);
  deepEqual(await db.run((sql) => sql`select id from inbox_events`), []);
});
