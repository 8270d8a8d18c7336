import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { openStores, type Stores } from "@services/orders/adapters";
import { ciphersOf } from "@services/orders/ciphers";
import { cancelled, type OrderId } from "@services/orders/domain";
import { drain } from "platform/events/testing";
import { TestKeyRing } from "platform/crypto/testing";
import { callMsMax, type Postgres } from "platform/postgres";
import { StoreUnavailableError } from "platform/store";
import { lacks } from "tools/servers";
import { eventually } from "../fixtures/eventually.ts";
import { anOrder, aProduct, noon, placing, placingSome, stockOf } from "../fixtures/orders.ts";
import { openPostgresScene, type PostgresScene } from "../fixtures/postgres.ts";

/** How much longer than its deadline a call may take on a busy machine. */
const slackMs = 1_500;
const stockAtFirst = 10_000;

interface OutageScene extends PostgresScene {
  readonly db: Postgres;
  /** Opens the stores of one process. */
  stores(): Promise<Stores>;
}

const steps: { readonly promise: string; check(scene: OutageScene): Promise<void> }[] = [];

function test(promise: string, check: (scene: OutageScene) => Promise<void>): void {
  steps.push({ promise, check });
}

test("Orders are placed again by themselves after PostgreSQL was killed, and none is half there", async (scene) => {
  const { server } = scene;
  const processes = [await scene.stores(), await scene.stores()] as const;
  const [{ products, checks }] = processes;
  const tea = await products.insert(aProduct({ stock: stockAtFirst }));
  const placed: OrderId[] = [];
  const failures: unknown[] = [];
  let isOver = false;
  const buying = Array.from({ length: 16 }, async (_, buyer) => {
    const { orders } = processes[buyer % 2]!;
    while (!isOver) {
      const order = anOrder();
      try {
        await orders.place(order.id, [tea.id], placingSome(order, tea, 1));
        placed.push(order.id);
      } catch (thrown) {
        failures.push(thrown);
        await eventually("the server is back", () => passes(checks[0]!.check()));
      }
    }
  });
  await eventually("orders are placed", () => placed.length > 40);
  await server.kill();
  await eventually("all buyers have noticed", () => failures.length >= 16);
  const before = placed.length;
  await server.start();
  await eventually("orders are placed again", () => placed.length > before + 40);
  isOver = true;
  await Promise.all(buying);

  deepEqual(failures.filter((thrown) => !(thrown instanceof StoreUnavailableError)), []);
  const there = await checkWhole(scene, processes[0]);
  deepEqual(placed.filter((id) => !there.has(id)), []);
  equal(await stockOf(products, tea), stockAtFirst - there.size);
});

test("Every call fails at once, and says so, while PostgreSQL is away", async ({ server, stores }) => {
  const all = await stores();
  const order = anOrder();
  const tea = await all.products.insert(aProduct());
  const use = { scope: "ada placeOrder", key: "k1", fingerprint: "f1", resourceId: "r1" };
  const page = { limit: 10, cursor: undefined };
  await server.kill();
  const calls: (() => Promise<unknown>)[] = [
    () => all.orders.place(order.id, [tea.id], placingSome(order, tea, 1)),
    () => all.orders.find(order.id, "any"),
    () => all.orders.list("any", page),
    () => all.orders.history(order.id, "any", page),
    () => all.orders.transition(order.id, "any", (course) => cancelled(course, noon)),
    () => all.products.find(tea.id),
    () => all.products.update(tea.id, (product) => product, noon),
    () => all.sagas.due(noon, 10),
    () => all.sagas.claim(order.id, noon, 1_000),
    () => all.idempotency.claim(use, noon, 1_000),
    () => all.outbox.relay(10, () => Promise.resolve()),
    () => all.checks[0]!.check(),
  ];
  const startedMs = performance.now();
  for (const call of calls) await rejects(call(), StoreUnavailableError);
  ok(performance.now() - startedMs < calls.length * callMsMax / 4);
  await server.start();
  // What broke while nobody used it is not used again.
  deepEqual(await all.products.find(tea.id), tea);
});

test("Calls end by their deadline while PostgreSQL is paused, and work again when it goes on", async (scene) => {
  const { server } = scene;
  const stores = await scene.stores();
  const { orders, products } = stores;
  const tea = await products.insert(aProduct({ stock: stockAtFirst }));
  await server.pause();
  const startedMs = performance.now();
  const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => {
    const order = anOrder();
    return orders.place(order.id, [tea.id], placingSome(order, tea, 1));
  }));
  const tookMs = performance.now() - startedMs;
  ok(tookMs < callMsMax + slackMs, `It took ${tookMs} ms`);
  const reasons = outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason);
  deepEqual(reasons.filter((thrown) => !(thrown instanceof StoreUnavailableError)), []);
  await server.resume();
  await Promise.all(Array.from({ length: 40 }, () => products.find(tea.id)));
  const there = await checkWhole(scene, stores);
  equal(await stockOf(products, tea), stockAtFirst - there.size);
});

for (const outage of ["kill", "pause"] as const) {
  test(`A transaction that meets a ${outage} writes nothing`, async ({ server, db }) => {
    await rejects(
      db.transaction(async (sql) => {
        await sql`insert into inbox_events (id, handled_at) values ('e1', ${noon})`;
        await server[outage]();
        await sql`insert into inbox_events (id, handled_at) values ('e2', ${noon})`;
      }),
      StoreUnavailableError,
    );
    await (outage === "kill" ? server.start() : server.resume());
    await eventually("the server is back", () => passes(db.check()));
    deepEqual(await db.run((sql) => sql`select id from inbox_events`), []);
  });
}

test("Events that are being sent when PostgreSQL is killed are sent again", async ({ server, stores }) => {
  const { orders, outbox } = await stores();
  const order = anOrder();
  await orders.place(order.id, [], placing(order));
  await rejects(outbox.relay(10, () => server.kill()), StoreUnavailableError);
  await server.start();
  deepEqual((await drain(outbox)).map(({ subject }) => subject), [order.id]);
});

Deno.test({
  name: "Orders outlive outages of PostgreSQL",
  ignore: lacks("postgres"),
  async fn(t) {
    await using postgres = (await openPostgresScene())!;
    for (const { promise, check } of steps) {
      // The server that one step starts again is the next one's: what is left behind is counted at the end.
      const ownServer = { sanitizeOps: false, sanitizeResources: false };
      await t.step({ name: promise, ...ownServer, fn: () => checkIn(postgres, check) });
    }
  },
});

/** With a database of its own. */
async function checkIn(
  postgres: PostgresScene,
  check: (scene: OutageScene) => Promise<void>,
): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const config = await postgres.database();
  const stores = { kind: "postgres", postgres: config } as const;
  const needs = { identity: postgres.identity, ciphers: ciphersOf(new TestKeyRing()) };
  await check({
    ...postgres,
    db: opened.use(postgres.open(config)),
    stores: async () => opened.use(await openStores(stores, needs)),
  });
}

function passes(promise: Promise<void>): Promise<boolean> {
  return promise.then(() => true, () => false);
}

/** Each order has its saga, one entry in its history, and one event to be sent. @returns their ids. */
async function checkWhole(
  { db }: OutageScene,
  { outbox, sagas }: Stores,
): Promise<ReadonlySet<string>> {
  const rows = await db.run((sql) =>
    sql`
      select id, (select count(*) from order_events where order_id = id) as events
      from orders`
  );
  const orders = rows.map((row) => String(row["id"])).toSorted();
  deepEqual(rows.filter((row) => row["events"] !== 1), []);
  deepEqual((await sagas.due(noon, stockAtFirst)).toSorted(), orders);
  deepEqual((await drain(outbox)).map(({ subject }) => subject).toSorted(), orders);
  return new Set(orders);
}
