import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { drain, tellsOf } from "platform/events/testing";
import type { Stores } from "@services/orders/adapters";
import {
  authorized,
  cancelled,
  changeProduct,
  type Course,
  fulfilled,
  OrderError,
  undone,
} from "@services/orders/domain";
import { anOrder, aProduct, noon, placing, placingSome, stockOf } from "../fixtures/orders.ts";

const later = new Date(noon.getTime() + 60_000);
const firstPage = { limit: 10, cursor: undefined };

/** What the stores of orders must do, together. `open` gives empty ones; without it, the tests are ignored. */
export function ordersStoresContract(adapter: string, open?: () => Promise<Stores>): void {
  function test(promise: string, check: (stores: Stores) => Promise<void>): void {
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      async fn() {
        await using stores = await open!();
        await check(stores);
      },
    });
  }

  test("gives an order back to its owner", async ({ orders }) => {
    const order = anOrder();
    await orders.place(order.id, [], placing(order));
    deepEqual(await orders.find(order.id, { owner: "ada" }), order);
  });

  test("hides an order from everyone but its owner, in every method", async ({ orders }) => {
    const order = anOrder();
    await orders.place(order.id, [], placing(order));
    const eve = { owner: "eve" };
    equal(await orders.find(order.id, eve), undefined);
    equal(await orders.history(order.id, eve, firstPage), undefined);
    equal(await orders.transition(order.id, eve, (course) => cancelled(course, noon)), undefined);
    deepEqual((await orders.list(eve, firstPage)).items, []);
    deepEqual((await orders.list({ owner: "" }, firstPage)).items, []);
    equal((await orders.find(order.id, "any"))?.status, "pending");
  });

  test("writes nothing when the decision throws", async ({ orders, outbox }) => {
    const order = anOrder();
    await orders.place(order.id, [], placing(order));
    await rejects(
      orders.transition(order.id, "any", (course) => fulfilled(course, noon)),
      OrderError,
    );
    deepEqual(await orders.find(order.id, "any"), order);
    equal((await drain(outbox)).length, 1);
  });

  test("places an order once, however often it is told to", async ({ orders, products, outbox }) => {
    const tea = await products.insert(aProduct({ stock: 10 }));
    const order = anOrder();
    const place = () => orders.place(order.id, [tea.id], placingSome(order, tea, 3));
    const placed = await Promise.all([place(), place(), place()]);
    equal(new Set(placed.map(({ totalMinor }) => totalMinor)).size, 1);
    equal(await stockOf(products, tea), 7);
    equal((await drain(outbox)).length, 1);
  });

  test("never sells more than there is when many order at once", async ({ orders, products }) => {
    const tea = await products.insert(aProduct({ stock: 10 }));
    const buying = Array.from({ length: 20 }, () => {
      const order = anOrder();
      return orders.place(order.id, [tea.id], placingSome(order, tea, 1));
    });
    const outcomes = await Promise.allSettled(buying);
    equal(outcomes.filter(({ status }) => status === "fulfilled").length, 10);
    equal(await stockOf(products, tea), 0);
  });

  test("puts the stock of a cancelled order back, once", async ({ orders, products }) => {
    const tea = await products.insert(aProduct({ stock: 10 }));
    const order = anOrder();
    await orders.place(order.id, [tea.id], placingSome(order, tea, 4));
    const cancel = () => orders.transition(order.id, "any", (course) => cancelled(course, noon));
    await Promise.all([cancel(), cancel(), cancel()]);
    equal(await stockOf(products, tea), 10);
  });

  test("takes stock back though it is then more than anybody may enter", async (stores) => {
    const { orders, products } = stores;
    const most = 1_000_000_000;
    const tea = await products.insert(aProduct({ stock: most }));
    const order = anOrder();
    await orders.place(order.id, [tea.id], placingSome(order, tea, 5));
    await products.update(tea.id, (product) => changeProduct(product, { stock: most }), noon);
    await orders.transition(order.id, "any", (course) => cancelled(course, noon));
    equal(await stockOf(products, tea), most + 5);
    equal((await products.list(firstPage)).items.length, 1);
  });

  test("tells the relays of its process of a change once it is committed", async ({ orders, outbox }) => {
    const order = anOrder();
    equal(await tellsOf(outbox, () => orders.place(order.id, [], placing(order))), 1);
    const authorizing = () =>
      orders.transition(order.id, "any", (course) => authorized(course, "p1", later));
    equal(await tellsOf(outbox, authorizing), 1);
  });

  test("keeps history and outgoing events with the change they tell of", async ({ orders, outbox }) => {
    const order = anOrder();
    await orders.place(order.id, [], placing(order));
    await orders.transition(order.id, "any", (course) => authorized(course, "p1", later));
    const types = ["placed", "authorized"].map((name) => `sallyport.orders.order.${name}`);
    const history = await orders.history(order.id, { owner: "ada" }, firstPage);
    deepEqual(history?.items.map(({ type }) => type), types);
    const pending = await drain(outbox);
    deepEqual(pending.map(({ type }) => type), types);
    ok(pending.every(({ subject }) => subject === order.id));
  });

  test("lists orders newest first, page by page, each once", async ({ orders }) => {
    const all = Array.from(
      { length: 7 },
      (_, minute) =>
        anOrder({
          createdAt: new Date(noon.getTime() + Math.floor(minute / 2) * 60_000).toISOString(),
        }),
    );
    for (const order of all) await orders.place(order.id, [], placing(order));
    const seen: string[] = [];
    let cursor: { at: string; id: string } | undefined;
    do {
      const { items, nextCursor } = await orders.list("any", { limit: 3, cursor });
      seen.push(...items.map(({ id }) => id));
      cursor = nextCursor === null ? undefined : positionIn(nextCursor);
    } while (cursor);
    const newestFirst = all.toSorted((a, b) =>
      b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id)
    );
    deepEqual(seen, newestFirst.map(({ id }) => id));
  });

  test("lets one at a time go on with a saga", async ({ orders, sagas }) => {
    const order = anOrder();
    await orders.place(order.id, [], placing(order));
    const claims = await Promise.all(
      Array.from({ length: 10 }, () => sagas.claim(order.id, noon, 1_000)),
    );
    equal(claims.filter((claim) => claim !== undefined).length, 1);
    deepEqual(await sagas.due(noon, 10), []);
  });

  test("gives a saga to somebody else when its holder is gone", async ({ orders, sagas }) => {
    const order = anOrder();
    await orders.place(order.id, [], placing(order));
    await sagas.claim(order.id, noon, 1_000);
    const afterLease = new Date(noon.getTime() + 1_000);
    deepEqual(await sagas.due(afterLease, 10), [order.id]);
    const claim = await sagas.claim(order.id, afterLease, 1_000);
    equal(claim?.item.order.id, order.id);
    await sagas.release(order.id, claim.leasedUntil);
    ok(await sagas.claim(order.id, afterLease, 1_000));
  });

  test("leaves a saga with its holder when one lets go that held it before", async (stores) => {
    const { orders, sagas } = stores;
    const order = anOrder();
    const { id } = await orders.place(order.id, [], placing(order));
    const late = await sagas.claim(id, noon, 1_000);
    const afterLease = new Date(noon.getTime() + 1_000);
    ok(await sagas.claim(id, afterLease, 1_000));
    await sagas.release(id, late!.leasedUntil);
    equal(await sagas.claim(id, afterLease, 1_000), undefined);
  });

  test("has a postponed saga due later, or when its order changes", async ({ orders, sagas }) => {
    const order = anOrder();
    await orders.place(order.id, [], placing(order));
    await sagas.postpone(order.id, later);
    await sagas.postpone(order.id, noon);
    deepEqual(await sagas.due(new Date(later.getTime() - 1), 10), []);
    deepEqual(await sagas.due(later, 10), [order.id]);
    deepEqual(await orders.find(order.id, "any"), order);
    await orders.transition(order.id, "any", (course) => cancelled(course, noon));
    deepEqual(await sagas.due(noon, 10), [order.id]);
  });

  test("has no due saga that is done, and none before its time", async ({ orders, sagas }) => {
    const order = anOrder();
    await orders.place(order.id, [], placing(order));
    const end = (course: Course) => undone(course, noon);
    deepEqual(await sagas.due(new Date(noon.getTime() - 1), 10), []);
    await orders.transition(order.id, "any", end);
    deepEqual(await sagas.due(later, 10), []);
    equal(await sagas.claim(order.id, later, 1_000), undefined);
  });

  test("loses no change of a product when many arrive at once", async ({ products }) => {
    const tea = await products.insert(aProduct({ stock: 0 }));
    await Promise.all(
      Array.from(
        { length: 50 },
        () =>
          products.update(
            tea.id,
            (product) => changeProduct(product, { stock: product.stock + 1 }),
            noon,
          ),
      ),
    );
    const changed = await products.find(tea.id);
    equal(changed?.stock, 50);
    equal(changed?.version, 51);
  });

  test("tells of a change of a product, and of nothing when there was none", async ({ products, outbox }) => {
    const tea = await products.insert(aProduct());
    await products.update(tea.id, (product) => changeProduct(product, { stock: 3 }), later);
    const refuse = () => {
      throw new Error("refused");
    };
    await rejects(products.update(tea.id, refuse, later), /refused/);
    const [event, ...more] = await drain(outbox);
    deepEqual(more, []);
    equal(event?.type, "sallyport.orders.product.changed");
    equal(event?.subject, tea.id);
    equal(event?.time, later.toISOString());
    deepEqual(event?.data, { productId: tea.id, version: 2 });
  });

  test("has an event of payment take effect once", async ({ orders, paymentEvents }) => {
    const order = anOrder();
    await orders.place(order.id, [], placing(order));
    const event = {
      specversion: "1.0",
      id: "e1",
      source: "sallyport://payment",
      type: "sallyport.payment.payment.refunded",
      subject: "p1",
      time: noon.toISOString(),
      datacontenttype: "application/json",
      data: { orderId: order.id },
    } as const;
    const effect = { orderId: order.id, remembered: true };
    await Promise.all(Array.from({ length: 3 }, () => paymentEvents.apply(event, effect, noon)));
    await paymentEvents.apply(event, effect, noon);
    const history = await orders.history(order.id, "any", firstPage);
    equal(history?.items.filter(({ type }) => type === event.type).length, 1);
  });
}

/** Cursors are opaque to clients; a test of the store may look inside. */
function positionIn(cursor: string): { at: string; id: string } {
  const bytes = Uint8Array.fromBase64(cursor, { alphabet: "base64url" });
  return JSON.parse(new TextDecoder().decode(bytes));
}
