import { deepEqual, equal } from "node:assert/strict";
import type { Stores } from "@services/payment/adapters";
import { asItIs, type Payment, unanswered } from "@services/payment/domain";
import { TestKeyRing } from "platform/crypto/testing";
import { sharedDynamodb } from "../fixtures/dynamodb.ts";
import { scan } from "../fixtures/dynamodb_scan.ts";
import { anOpening, aTakenPayment, noon } from "../fixtures/payments.ts";

const dynamodb = sharedDynamodb();

interface Scene {
  readonly ring: TestKeyRing;
  /** Two programs' worth of stores on one table. */
  readonly stores: readonly [Stores, Stores];
  /** Everything in the table. */
  items(): ReturnType<typeof scan>;
}

function test(promise: string, check: (scene: Scene) => Promise<void>): void {
  Deno.test({
    name: promise,
    ignore: !dynamodb,
    async fn() {
      const scene = await dynamodb!();
      const name = await scene.createTable();
      const ring = new TestKeyRing();
      await using one = await scene.open(name, { ring });
      await using other = await scene.open(name, { ring });
      const items = async () => {
        await using opened = scene.table(name);
        return await scan(opened.table);
      };
      await check({ ring, stores: [one, other], items });
    },
  });
}

async function resealAll({ sealed: [store] }: Stores): Promise<number> {
  let all = 0;
  for (let count; (count = await store!.reseal(3)) > 0;) all += count;
  return all;
}

async function openMany({ payments }: Stores, count: number): Promise<readonly Payment[]> {
  return await Promise.all(Array.from({ length: count }, () => payments.open(anOpening())));
}

test("No item of payment's table shows how somebody pays, before or after it was sealed anew", async (scene) => {
  const { ring, stores: [stores], items } = scene;
  const [payment] = await openMany(stores, 1);
  const showsOnlyTheId = async () => {
    const text = JSON.stringify(await items());
    deepEqual([text.includes(payment!.id), text.includes("pm_card_visa")], [true, false]);
  };
  await showsOnlyTheId();
  ring.hold("k2", "k1");
  equal(await resealAll(stores), 1);
  await showsOnlyTheId();
});

test("A payment that is over waits for no key, and is not sealed anew", async (scene) => {
  const { ring, stores: [stores] } = scene;
  const { id } = await aTakenPayment(stores.payments);
  ring.hold("k2");
  equal(await resealAll(stores), 0);
  equal((await stores.payments.transition(id, "any", asItIs))?.payment.status, "succeeded");
});

test("A payment whose key is gone can be looked at and listed, and is not gone on with", async (scene) => {
  const { ring, stores: [{ payments, work }] } = scene;
  const { id } = await payments.open(anOpening());
  ring.hold("k2");
  equal((await payments.find(id, "any"))?.id, id);
  equal((await payments.list("any", { limit: 1, cursor: undefined })).items.length, 1);
  await work.claim(id, noon, 1_000).then(
    () => Promise.reject(new Error("It was claimed")),
    ({ name }) => equal(name, "FieldCipherError"),
  );
});

test("Programs that seal the same payments anew at once do each one once, while others change them", async (scene) => {
  const { ring, stores: [one, other] } = scene;
  const opened = await openMany(one, 20);
  ring.hold("k2", "k1");
  const changes = opened.map(async ({ id }) => {
    const course = await other.payments.transition(
      id,
      "any",
      ({ payment, ...course }) =>
        unanswered({ ...course, payment: { ...payment, status: "processing" } }, noon),
    );
    return course?.work.attempts;
  });
  const [first, second] = await Promise.all([resealAll(one), resealAll(other)]);
  deepEqual(new Set(await Promise.all(changes)), new Set([1]));
  // What was changed first was sealed by that: there is nothing left to do about it.
  equal(first + second <= opened.length, true);
  equal(await resealAll(one), 0);
  ring.hold("k2");
  for (const { id } of opened) {
    equal((await one.payments.transition(id, "any", asItIs))?.work.attempts, 1);
  }
});
