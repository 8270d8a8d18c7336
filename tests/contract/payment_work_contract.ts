import { deepEqual, equal, ok } from "node:assert/strict";
import {
  cancelAsked,
  captureAsked,
  PaymentId,
  refunded,
  unanswered,
} from "@services/payment/domain";
import {
  anOpening,
  aRefundId,
  aTakenPayment,
  holding,
  noon,
  refunding,
} from "../fixtures/payments.ts";
import type { TestStores } from "./payment_stores_contract.ts";

const later = new Date(noon.getTime() + 60_000);

/** What the stores of payment must do about what is left to do: leases, due times, webhooks. */
export function testWork(test: TestStores): void {
  testLeases(test);
  testWebhooks(test);
}

function testLeases(test: TestStores): void {
  test("lets one at a time go on with a payment", async ({ payments, work }) => {
    const { id } = await payments.open(anOpening());
    const claims = await Promise.all(
      Array.from({ length: 10 }, () => work.claim(id, noon, 1_000)),
    );
    equal(claims.filter((claim) => claim !== undefined).length, 1);
    deepEqual(await work.due(noon, 10), []);
  });

  test("gives a payment to somebody else when its holder is gone", async ({ payments, work }) => {
    const { id } = await payments.open(anOpening());
    await work.claim(id, noon, 1_000);
    const afterLease = new Date(noon.getTime() + 1_000);
    deepEqual(await work.due(new Date(noon.getTime() + 999), 10), []);
    deepEqual(await work.due(afterLease, 10), [id]);
    const claim = await work.claim(id, afterLease, 1_000);
    equal(claim?.item.payment.id, id);
    await work.release(id, claim.leasedUntil);
    ok(await work.claim(id, afterLease, 1_000));
  });

  test("leaves a payment with its holder when one lets go that held it before", async (stores) => {
    const { payments, work } = stores;
    const { id } = await payments.open(anOpening());
    const late = await work.claim(id, noon, 1_000);
    const afterLease = new Date(noon.getTime() + 1_000);
    ok(await work.claim(id, afterLease, 1_000));
    await work.release(id, late!.leasedUntil);
    equal(await work.claim(id, afterLease, 1_000), undefined);
  });

  test("has a postponed payment due later, and changes nothing else of it", async (stores) => {
    const { payments, work } = stores;
    const { id } = await payments.open(anOpening());
    const before = await payments.find(id, "any");
    await work.postpone(id, later);
    await work.postpone(id, noon);
    deepEqual(await work.due(new Date(later.getTime() - 1), 10), []);
    deepEqual(await work.due(later, 10), [id]);
    deepEqual(await payments.find(id, "any"), before);
    ok(await work.claim(id, noon, 1_000), "who asks for it need not wait");
    await work.postpone(PaymentId.parse(crypto.randomUUID()), later);
  });

  test("has a payment due when it says so once it has changed, though postponed", async (stores) => {
    const { payments, work } = stores;
    const { id } = await payments.open(anOpening());
    await work.postpone(id, later);
    await payments.transition(id, "any", (course) => cancelAsked(course, noon));
    deepEqual(await work.due(noon, 10), [id]);
  });

  test("keeps a payment with its holder while it changes", async ({ payments, work }) => {
    const { id } = await payments.open(anOpening());
    await work.claim(id, noon, 1_000);
    await payments.transition(id, "any", (course) => cancelAsked(course, noon));
    equal(await work.claim(id, noon, 1_000), undefined);
  });

  test("has no due payment with nothing left to do, and none before its time", async (stores) => {
    const { payments, work } = stores;
    const { id } = await payments.open(anOpening());
    deepEqual(await work.due(new Date(noon.getTime() - 1), 10), []);
    await payments.transition(id, "any", holding());
    deepEqual(await work.due(later, 10), []);
    equal(await work.claim(id, later, 1_000), undefined);
    await payments.transition(id, "any", (course) => captureAsked(course, noon));
    deepEqual(await work.due(noon, 10), [id]);
  });

  test("has a payment due again for each refund that is asked for", async ({ payments, work }) => {
    const { id } = await aTakenPayment(payments);
    deepEqual(await work.due(later, 10), []);
    const refundId = aRefundId();
    await payments.transition(id, "any", refunding(1, refundId));
    deepEqual(await work.due(noon, 10), [id]);
    await payments.transition(id, "any", (course) => refunded(course, refundId, noon));
    deepEqual(await work.due(later, 10), []);
  });

  test("has the longest due first, and no more than asked for", async ({ payments, work }) => {
    const ids: string[] = [];
    for (const minute of [2, 0, 1]) {
      const at = new Date(noon.getTime() + minute * 1_000);
      ids[minute] = (await payments.open(anOpening({ at }))).id;
    }
    deepEqual(await work.due(later, 2), ids.slice(0, 2));
  });
}

function testWebhooks(test: TestStores): void {
  test("takes a webhook once, however often it comes", async ({ payments, webhooks }) => {
    const { id } = await payments.open(anOpening());
    const taken = await Promise.all(
      Array.from({ length: 10 }, () => webhooks.take("e1", id, noon)),
    );
    equal(taken.filter((isNew) => isNew).length, 1);
    equal(await webhooks.take("e2", id, noon), true);
  });

  test("makes a payment due at once by a webhook", async ({ payments, webhooks, work }) => {
    const { id } = await payments.open(anOpening());
    await payments.transition(id, "any", (course) => unanswered(course, later));
    deepEqual(await work.due(noon, 10), []);
    await webhooks.take("e1", id, noon);
    deepEqual(await work.due(noon, 10), [id]);
  });

  test("is not upset by a webhook for a payment that is not there", async ({ webhooks, work }) => {
    const nobody = PaymentId.parse(crypto.randomUUID());
    equal(await webhooks.take("e1", nobody, noon), true);
    deepEqual(await work.due(noon, 10), []);
  });
}
