import { deepEqual, equal } from "node:assert/strict";
import type { Stores } from "@services/payment/adapters";
import { asItIs, type Course, type Transition, unanswered } from "@services/payment/domain";
import { TestKeyRing } from "platform/crypto/testing";
import { drain } from "platform/events/testing";
import { dynamodbEndpoint } from "tools/servers";
import { sharedDynamodb } from "../fixtures/dynamodb.ts";
import { type LossyFront, openLossyFront, type OtherAnswer } from "../fixtures/lossy_front.ts";
import { anOpening, aTakenPayment, noon, taking } from "../fixtures/payments.ts";

const dynamodb = sharedDynamodb();
const asking = (course: Course): Transition => unanswered(course, noon);

/** What a second try hears while the first, whose answer is lost, is still being made. */
const conflict: OtherAnswer = {
  status: 400,
  body: {
    __type: "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
    Message: "Transaction cancelled",
    CancellationReasons: [{ Code: "TransactionConflict" }, { Code: "None" }],
  },
};

function test(
  promise: string,
  check: (stores: Stores, front: LossyFront, ring: TestKeyRing) => Promise<void>,
): void {
  Deno.test({
    name: `When an answer of DynamoDB is lost, ${promise}`,
    ignore: !dynamodb,
    async fn() {
      const scene = await dynamodb!();
      const { identity, scene: { tlsDir } } = scene;
      const endpoint = dynamodbEndpoint(scene.server.port);
      const ring = new TestKeyRing();
      await using front = await openLossyFront({ tlsDir, identity, endpoint });
      const traits = { endpoint: front.endpoint, ring };
      await using stores = await scene.open(await scene.createTable(), traits);
      await check(stores, front, ring);
    },
  });
}

for (const [name, instead] of Object.entries({ nothing: undefined, conflict })) {
  test(`a change is made once, though ${name} is heard of it`, async ({ payments }, front) => {
    const { id } = await payments.open(anOpening());
    front.loseNext("TransactWriteItems", instead);
    equal((await payments.transition(id, "any", asking))?.work.attempts, 1);
    equal((await payments.transition(id, "any", asItIs))?.work.attempts, 1);
  });

  test(`money is booked and told of once, though ${name} is heard of it`, async (stores, front) => {
    const { payments, outbox } = stores;
    const { id } = await payments.open(anOpening({ amountMinor: 900 }));
    front.loseNext("TransactWriteItems", instead);
    equal((await payments.transition(id, "any", taking()))?.payment.capturedMinor, 900);
    deepEqual((await payments.balances()).map(({ debitsMinor }) => debitsMinor), [900]);
    equal((await drain(outbox)).length, 1);
  });

  test(`a payment is opened once, though ${name} is heard of it`, async ({ payments }, front) => {
    const opening = anOpening();
    front.loseNext("TransactWriteItems", instead);
    deepEqual(await payments.open(opening), opening.payment);
    deepEqual(await payments.find(opening.payment.id, "any"), opening.payment);
  });
}

test("what was made is not decided on again", async (stores, front) => {
  const { payments } = stores;
  const { id } = await payments.open(anOpening());
  front.loseNext("TransactWriteItems", conflict);
  let decisions = 0;
  const course = await payments.transition(id, "any", (course) => {
    decisions++;
    return asking(course);
  });
  deepEqual([decisions, course?.work.attempts], [1, 1]);
  equal((await payments.transition(id, "any", asking))?.work.attempts, 2);
});

test("who has claimed a payment knows it", async ({ payments, work }, front) => {
  const { id } = await payments.open(anOpening());
  front.loseNext("UpdateItem");
  equal((await work.claim(id, noon, 1_000))?.item.payment.id, id);
  equal(front.asked("UpdateItem"), 2);
  equal(await work.claim(id, noon, 1_000), undefined);
});

test("who has claimed an idempotency key knows it", async ({ idempotency }, front) => {
  const use = { scope: "ada createPayment", key: "k1", fingerprint: "f1", resourceId: "r1" };
  front.loseNext("PutItem");
  const leasedUntil = new Date(noon.getTime() + 1_000);
  const claimed = { state: "claimed", resourceId: "r1", leasedUntil };
  deepEqual(await idempotency.claim(use, noon, 1_000), claimed);
  equal(front.asked("PutItem"), 2);
  equal((await idempotency.claim(use, noon, 1_000)).state, "in_flight");
});

test("a new webhook is new", async ({ payments, webhooks }, front) => {
  const { id } = await payments.open(anOpening());
  front.loseNext("PutItem");
  equal(await webhooks.take("e1", id, noon), true);
  equal(front.asked("PutItem"), 2);
  equal(await webhooks.take("e1", id, noon), false);
});

test("what was sealed anew is not sealed again", async ({ payments, sealed }, front, ring) => {
  const { id } = await payments.open(anOpening());
  ring.hold("k2", "k1");
  front.loseNext("UpdateItem");
  await sealed[0]!.reseal(10);
  equal(front.asked("UpdateItem"), 2);
  ring.hold("k2");
  equal((await payments.transition(id, "any", asItIs))?.work.paymentMethod, "pm_card_visa");
  equal(await sealed[0]!.reseal(10), 0);
});

test("a relay that has a lane uses it", async ({ payments, outbox }, front) => {
  await aTakenPayment(payments);
  front.loseNext("UpdateItem");
  equal((await drain(outbox)).length, 1);
});
