import { deepEqual, equal } from "node:assert/strict";
import { TestKeyRing } from "platform/crypto/testing";
import { silentLogger } from "platform/telemetry";
import { openEmbeddedStores } from "./adapters/mod.ts";
import { ciphersOf } from "./ciphers.ts";
import {
  cancelled,
  newProduct,
  newSaga,
  type Order,
  OrderId,
  paymentDeadlineMs,
  placed,
  price,
  ProductId,
} from "./domain/mod.ts";
import { type Payments, PaymentsError, type PaymentView } from "./ports.ts";
import { createSagaRunner } from "./saga_runner.ts";

const noon = new Date("2026-01-02T12:00:00.000Z");
const held: PaymentView = {
  id: "p1",
  status: "requires_capture",
  capturedMinor: 0,
  refundedMinor: 0,
};
const paid: PaymentView = { id: "p1", status: "succeeded", capturedMinor: 900, refundedMinor: 0 };
const unavailable = () => Promise.reject(new PaymentsError("unavailable", "away"));

/** Payment as a test needs it: what is not given must not be called. */
function payments(given: Partial<Payments>): Payments {
  const unexpected = (name: string) => () => Promise.reject(new Error(`Unexpected call: ${name}`));
  return {
    authorize: unexpected("authorize"),
    find: unexpected("find"),
    findByOrder: unexpected("findByOrder"),
    capture: unexpected("capture"),
    cancel: unexpected("cancel"),
    refund: unexpected("refund"),
    ...given,
  };
}

/** One order of two of ten cups of tea, and a runner whose clock stands until it is moved. */
async function scene(given: Partial<Payments>) {
  const stores = openEmbeddedStores(
    { kind: "embedded", path: ":memory:" },
    ciphersOf(new TestKeyRing()),
  );
  const clock = { nowMs: noon.getTime() };
  const runner = createSagaRunner({
    ...stores,
    payments: payments(given),
    log: silentLogger,
    now: () => new Date(clock.nowMs),
    reach: () => {},
    everyMs: 3_600_000,
  });
  const tea = newProduct({ name: "Tea", priceMinor: 450, currency: "EUR", stock: 10 }, {
    id: ProductId.parse(crypto.randomUUID()),
    at: noon,
  });
  await stores.products.insert(tea);
  const id = OrderId.parse(crypto.randomUUID());
  const body = { lines: [{ productId: tea.id, quantity: 2 }], paymentMethod: "pm_card_visa" };
  await stores.orders.place(id, [tea.id], (products) =>
    placed({
      order: price(body, products, { id, customerId: "ada", at: noon }),
      saga: newSaga(id, body.paymentMethod, noon),
    }));
  return {
    ...stores,
    runner,
    clock,
    id,
    order: async (): Promise<Order> => (await stores.orders.find(id, "any"))!,
    stock: async () => (await stores.products.find(tea.id))?.stock,
    async [Symbol.asyncDispose]() {
      await runner[Symbol.asyncDispose]();
      await stores[Symbol.asyncDispose]();
    },
  };
}

Deno.test("A saga confirms an order whose payment is held and captured", async () => {
  await using s = await scene({
    authorize: () => Promise.resolve(held),
    find: () => Promise.resolve(held),
    capture: () => Promise.resolve(paid),
  });
  await s.runner.settle(s.id, 2_000);
  equal((await s.order()).status, "confirmed");
  equal((await s.order()).paymentId, "p1");
  equal(await s.stock(), 8);
  deepEqual(await s.sagas.due(new Date(noon.getTime() + 86_400_000), 10), []);
});

Deno.test("A saga fails a declined order and puts its stock back", async () => {
  await using s = await scene({
    authorize: () => Promise.resolve({ ...held, status: "failed" }),
  });
  await s.runner.settle(s.id, 2_000);
  equal((await s.order()).status, "payment_failed");
  equal(await s.stock(), 10);
});

Deno.test("A saga fails an order that payment refuses", async () => {
  await using s = await scene({
    authorize: () => Promise.reject(new PaymentsError("refused", "no")),
    findByOrder: () => Promise.resolve(undefined),
  });
  await s.runner.settle(s.id, 2_000);
  equal((await s.order()).status, "payment_failed");
  equal(await s.stock(), 10);
  await s.runner.settle(s.id, 2_000);
  deepEqual(await s.sagas.due(new Date(noon.getTime() + 86_400_000), 10), []);
});

Deno.test("A saga pays back what somebody else has paid for an order that fails", async () => {
  let payment: PaymentView = paid;
  await using s = await scene({
    authorize: () => Promise.reject(new PaymentsError("refused", "the order has a payment")),
    findByOrder: () => Promise.resolve(payment),
    find: () => Promise.resolve(payment),
    refund(_id, amountMinor) {
      payment = { ...payment, refundedMinor: amountMinor };
      return Promise.resolve();
    },
  });
  await s.runner.settle(s.id, 2_000);
  await s.runner.settle(s.id, 2_000);
  equal((await s.order()).status, "payment_failed");
  equal(payment.refundedMinor, 900);
});

Deno.test("A saga asks for an unknown payment again, and never for a second one", async () => {
  let authorizations = 0;
  let looks = 0;
  await using s = await scene({
    authorize() {
      authorizations++;
      return Promise.resolve({ ...held, status: "unknown" });
    },
    find: () => Promise.resolve(++looks < 3 ? { ...held, status: "unknown" } : held),
    capture: () => Promise.resolve(paid),
  });
  for (let round = 0; round < 3; round++) {
    await s.runner.settle(s.id, 0);
    s.clock.nowMs += 2_000;
    await s.runner.settle(s.id, 0);
    s.runner.wake(s.id);
  }
  await s.runner.settle(s.id, 2_000);
  equal((await s.order()).status, "confirmed");
  equal(authorizations, 1);
});

Deno.test("A saga gives up an unsettled payment at the deadline and undoes it", async () => {
  const cancels: string[] = [];
  await using s = await scene({
    authorize: () => Promise.resolve({ ...held, status: "unknown" }),
    find: () => Promise.resolve({ ...held, status: "unknown" }),
    cancel(id) {
      cancels.push(id);
      return Promise.resolve({ ...held, status: "canceled" });
    },
  });
  await s.runner.settle(s.id, 1);
  equal((await s.order()).status, "pending");
  s.clock.nowMs += paymentDeadlineMs;
  await s.runner.settle(s.id, 2_000);
  equal((await s.order()).status, "payment_failed");
  equal(await s.stock(), 10);
  await s.runner.settle(s.id, 2_000);
  deepEqual(cancels, ["p1"]);
});

Deno.test("A saga keeps an order pending while payment is away, and fails it at the deadline", async () => {
  await using s = await scene({ authorize: unavailable, find: unavailable });
  await s.runner.settle(s.id, 1);
  equal((await s.order()).status, "pending");
  equal(await s.stock(), 8);
  s.clock.nowMs += paymentDeadlineMs;
  await s.runner.settle(s.id, 2_000);
  equal((await s.order()).status, "payment_failed");
  equal(await s.stock(), 10);
  // What may have been started there is undone when payment is back: the saga is not done.
  equal((await s.sagas.due(new Date(s.clock.nowMs + 60_000), 10)).length, 1);
});

Deno.test("A saga pays a cancelled order's captured money back, and only what is left of it", async () => {
  const refunds: number[] = [];
  let payment: PaymentView = held;
  await using s = await scene({
    authorize: () => Promise.resolve(held),
    find: () => Promise.resolve(payment),
    capture: () => Promise.resolve(payment = { ...paid, refundedMinor: 300 }),
    refund(_id, amountMinor) {
      refunds.push(amountMinor);
      payment = { ...payment, refundedMinor: payment.refundedMinor + amountMinor };
      return Promise.resolve();
    },
  });
  await s.runner.settle(s.id, 2_000);
  await s.orders.transition(s.id, "any", (course) => cancelled(course, noon));
  await s.runner.settle(s.id, 2_000);
  equal((await s.order()).status, "cancelled");
  equal(await s.stock(), 10);
  deepEqual(refunds, [600]);
});

Deno.test("A saga undoes the payment of an order that was cancelled while it was captured", async () => {
  const { promise: capturing, resolve: captured } = Promise.withResolvers<PaymentView>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  let payment: PaymentView = held;
  await using s = await scene({
    authorize: () => Promise.resolve(held),
    find: () => Promise.resolve(payment),
    capture() {
      ask();
      return capturing;
    },
    refund(_id, amountMinor) {
      payment = { ...payment, refundedMinor: amountMinor };
      return Promise.resolve();
    },
  });
  const settling = s.runner.settle(s.id, 2_000);
  await asked;
  await s.orders.transition(s.id, "any", (course) => cancelled(course, noon));
  captured(payment = paid);
  await settling;
  await s.runner.settle(s.id, 2_000);
  equal((await s.order()).status, "cancelled");
  equal(payment.refundedMinor, 900);
});
