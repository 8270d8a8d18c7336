import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { drain, tellsOf } from "platform/events/testing";
import type { Stores } from "@services/payment/adapters";
import {
  captureAsked,
  type Course,
  declined,
  PaymentError,
  refunded,
  type Transition,
  unanswered,
  voided,
} from "@services/payment/domain";
import {
  anOpening,
  aRefundId,
  aTakenPayment,
  noon,
  refunding,
  taking,
} from "../fixtures/payments.ts";
import { testWork } from "./payment_work_contract.ts";

const firstPage = { limit: 10, cursor: undefined };
const asIs = (course: Course): Transition => ({ ...course, entries: [] });

/** What the stores of payment must do, together. `open` gives empty ones; without it, the tests are ignored. */
export function paymentStoresContract(adapter: string, open?: () => Promise<Stores>): void {
  const test: TestStores = (promise, check) =>
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      async fn() {
        await using stores = await open!();
        await check(stores);
      },
    });
  testPayments(test);
  testLists(test);
  testMoney(test);
  testWork(test);
}

export type TestStores = (promise: string, check: (stores: Stores) => Promise<void>) => void;

function testPayments(test: TestStores): void {
  test("gives a payment back to its customer", async ({ payments }) => {
    const opening = anOpening();
    deepEqual(await payments.open(opening), opening.payment);
    deepEqual(await payments.find(opening.payment.id, { owner: "ada" }), opening.payment);
    equal(await payments.find(anOpening().payment.id, "any"), undefined);
  });

  test("hides a payment from everyone but its customer, in every method", async ({ payments }) => {
    const { id } = await payments.open(anOpening());
    for (const owner of ["eve", ""]) {
      equal(await payments.find(id, { owner }), undefined);
      equal(await payments.transition(id, { owner }, taking()), undefined);
      deepEqual((await payments.list({ owner }, firstPage)).items, []);
    }
    equal((await payments.find(id, "any"))?.status, "processing");
  });

  test("opens a payment once, however often it is told to", async ({ payments }) => {
    const opening = anOpening();
    await Promise.all(Array.from({ length: 10 }, () => payments.open(opening)));
    equal((await payments.list("any", firstPage)).items.length, 1);
  });

  test("gives a payment that is opened again as it is by now", async ({ payments }) => {
    const opening = anOpening();
    await payments.open(opening);
    await payments.transition(opening.payment.id, "any", taking());
    equal((await payments.open(opening)).status, "succeeded");
  });

  test("lets one of many payments of an order in", async ({ payments }) => {
    const orderId = crypto.randomUUID();
    const openings = Array.from({ length: 10 }, () => payments.open(anOpening({ orderId })));
    const outcomes = await Promise.allSettled(openings);
    equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") ok(hasCode(outcome.reason, "order_has_payment"));
    }
  });

  for (const [name, end] of Object.entries({ declined, voided })) {
    test(`keeps an order from being paid again though its payment is ${name}`, async (stores) => {
      const { payments } = stores;
      const orderId = crypto.randomUUID();
      const { id } = await payments.open(anOpening({ orderId }));
      await payments.transition(id, "any", (course) => end(course, noon));
      await rejects(
        payments.open(anOpening({ orderId })),
        (thrown) => hasCode(thrown, "order_has_payment"),
      );
    });
  }

  test("writes nothing when the decision throws", async ({ payments, outbox }) => {
    const payment = await payments.open(anOpening());
    const decide = (course: Course) => captureAsked(course, noon);
    await rejects(payments.transition(payment.id, "any", decide), PaymentError);
    deepEqual(await payments.find(payment.id, "any"), payment);
    deepEqual(await drain(outbox), []);
  });

  test("loses no change when many arrive at once", async ({ payments }) => {
    const { id, version } = await payments.open(anOpening());
    const change = () =>
      payments.transition(id, "any", (course) => unanswered(touch(course), noon));
    await Promise.all(Array.from({ length: 50 }, change));
    equal((await payments.transition(id, "any", asIs))?.work.attempts, 50);
    ok(((await payments.find(id, "any"))?.version ?? 0) > version);
  });
}

function testLists(test: TestStores): void {
  test("lists payments newest first, page by page, each once", async ({ payments }) => {
    const all = Array.from(
      { length: 7 },
      (_, minute) =>
        anOpening({ at: new Date(noon.getTime() + Math.floor(minute / 2) * 60_000) }).payment,
    );
    for (const payment of all) {
      const opening = anOpening();
      const work = { ...opening.work, paymentId: payment.id };
      await payments.open({ ...opening, payment, work });
    }
    const seen: string[] = [];
    let cursor: { at: string; id: string } | undefined;
    do {
      const { items, nextCursor } = await payments.list("any", { limit: 3, cursor });
      seen.push(...items.map(({ id }) => id));
      cursor = nextCursor === null ? undefined : positionIn(nextCursor);
    } while (cursor);
    const newestFirst = all.toSorted((a, b) =>
      b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id)
    );
    deepEqual(seen, newestFirst.map(({ id }) => id));
  });

  test("lists the payment of one order, and only within reach", async ({ payments }) => {
    const orderId = crypto.randomUUID();
    const { id } = await payments.open(anOpening({ orderId }));
    await payments.open(anOpening());
    const ofOrder = { ...firstPage, orderId };
    const ids = (await payments.list("any", ofOrder)).items.map((payment) => payment.id);
    deepEqual(ids, [id]);
    equal((await payments.list({ owner: "ada" }, ofOrder)).items.length, 1);
    deepEqual((await payments.list({ owner: "eve" }, ofOrder)).items, []);
  });
}

function testMoney(test: TestStores): void {
  test("books what was taken and paid back, and its ledger adds up to nothing", async (stores) => {
    const { payments } = stores;
    const { id } = await aTakenPayment(payments, { amountMinor: 900 });
    await aTakenPayment(payments, { amountMinor: 500, currency: "GBP" });
    const refundId = aRefundId();
    await payments.transition(id, "any", refunding(300, refundId));
    await payments.transition(id, "any", (course) => refunded(course, refundId, noon));
    deepEqual((await payments.balances()).map((balance) => ({ ...balance })), [
      { currency: "EUR", debitsMinor: 1_200, creditsMinor: 1_200, differenceMinor: 0 },
      { currency: "GBP", debitsMinor: 500, creditsMinor: 500, differenceMinor: 0 },
    ]);
    equal((await payments.find(id, "any"))?.refundedMinor, 300);
  });

  test("books nothing for a refund that is only asked for", async ({ payments }) => {
    const { id } = await aTakenPayment(payments, { amountMinor: 900 });
    await payments.transition(id, "any", refunding(300));
    equal((await payments.balances())[0]?.debitsMinor, 900);
    equal((await payments.find(id, "any"))?.refundedMinor, 0);
  });

  test("books a capture once: a second booking writes nothing at all", async (stores) => {
    const { payments, outbox } = stores;
    const { id, version } = await aTakenPayment(payments, { amountMinor: 900 });
    await rejects(payments.transition(id, "any", taking()));
    equal((await payments.balances())[0]?.debitsMinor, 900);
    equal((await payments.find(id, "any"))?.version, version);
    equal((await drain(outbox)).length, 1);
  });

  test("pays back no more than was taken, though many refunds come at once", async (stores) => {
    const { payments } = stores;
    const { id } = await aTakenPayment(payments, { amountMinor: 900 });
    const refunds = Array.from(
      { length: 10 },
      () => payments.transition(id, "any", refunding(200)),
    );
    const outcomes = await Promise.allSettled(refunds);
    equal(outcomes.filter(({ status }) => status === "fulfilled").length, 4);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") ok(hasCode(outcome.reason, "refund_too_large"));
    }
    equal((await payments.transition(id, "any", asIs))?.refunds.length, 4);
  });

  test("tells the relays of its process of a change once it is committed", async (stores) => {
    const { payments, outbox } = stores;
    equal(await tellsOf(outbox, () => aTakenPayment(payments, { amountMinor: 900 })), 1);
  });

  test("keeps an outgoing event with the change that it tells of", async (stores) => {
    const { payments, outbox } = stores;
    const { id, orderId } = await aTakenPayment(payments, { amountMinor: 900 });
    const [event, ...others] = await drain(outbox);
    deepEqual(others, []);
    equal(event?.type, "sallyport.payment.payment.succeeded");
    equal(event?.subject, id);
    deepEqual(event?.data, {
      paymentId: id,
      orderId,
      customerId: "ada",
      amountMinor: 900,
      refundedMinor: 0,
      currency: "EUR",
    });
  });
}

/** Another status than unknown, so that each change is one. */
function touch(course: Course): Course {
  return { ...course, payment: { ...course.payment, status: "processing" } };
}

function hasCode(thrown: unknown, code: PaymentError["code"]): boolean {
  return thrown instanceof PaymentError && thrown.code === code;
}

/** Cursors are opaque to clients; a test of the store may look inside. */
function positionIn(cursor: string): { at: string; id: string } {
  const bytes = Uint8Array.fromBase64(cursor, { alphabet: "base64url" });
  return JSON.parse(new TextDecoder().decode(bytes));
}
