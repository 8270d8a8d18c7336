import { deepEqual, equal } from "node:assert/strict";
import type { Stores } from "@services/payment/adapters";
import { LedgerEntry, refunded, unanswered } from "@services/payment/domain";
import { drain } from "platform/events/testing";
import { sharedDynamodb } from "../fixtures/dynamodb.ts";
import { scan } from "../fixtures/dynamodb_scan.ts";
import { anOpening, aRefundId, aTakenPayment, noon, refunding } from "../fixtures/payments.ts";

const dynamodb = sharedDynamodb();
const clients = 3;

/** Three programs' worth of stores on one table. */
function test(
  promise: string,
  check: (stores: readonly Stores[], table: string) => Promise<void>,
): void {
  Deno.test({
    name: `Several programs on one DynamoDB table ${promise}`,
    ignore: !dynamodb,
    async fn() {
      const scene = await dynamodb!();
      const table = await scene.createTable();
      await using opened = new AsyncDisposableStack();
      const stores: Stores[] = [];
      while (stores.length < clients) stores.push(opened.use(await scene.open(table)));
      await check(stores, table);
    },
  });
}

test("lose no change of one payment", async (stores) => {
  const { id } = await stores[0]!.payments.open(anOpening());
  const changes = stores.flatMap(({ payments }) =>
    Array.from({ length: 5 }, () =>
      payments.transition(
        id,
        "any",
        (course) =>
          unanswered({ ...course, payment: { ...course.payment, status: "processing" } }, noon),
      ))
  );
  const attempts = (await Promise.all(changes)).map((course) => course!.work.attempts);
  deepEqual(
    attempts.toSorted((one, other) => one - other),
    attempts.map((_, index) => index + 1),
    "each is told what it has written itself",
  );
});

test("let one payment of an order in", async (stores) => {
  const orderId = crypto.randomUUID();
  const openings = stores.flatMap(({ payments }) =>
    Array.from({ length: 3 }, () => payments.open(anOpening({ orderId })))
  );
  const outcomes = await Promise.allSettled(openings);
  equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
});

test("let one at a time go on with a payment", async (stores) => {
  const { id } = await stores[0]!.payments.open(anOpening());
  const claims = stores.flatMap(({ work }) =>
    Array.from({ length: 5 }, () => work.claim(id, noon, 1_000))
  );
  equal((await Promise.all(claims)).filter((claim) => claim !== undefined).length, 1);
});

test("book at once, and the totals are the sums of the entries", async (stores, table) => {
  const bookings = stores.flatMap(({ payments }, client) =>
    Array.from({ length: 4 }, async () => {
      const currency = client === 0 ? "GBP" : "EUR";
      const { id } = await aTakenPayment(payments, { amountMinor: 900, currency });
      const refundId = aRefundId();
      await payments.transition(id, "any", refunding(100, refundId));
      await payments.transition(id, "any", (course) => refunded(course, refundId, noon));
    })
  );
  await Promise.all(bookings);
  const entries = await entriesOf(table);
  equal(entries.length, clients * 4 * 4);
  const summed = ["EUR", "GBP"].map((currency) => {
    const of = (side: string) =>
      entries.filter((entry) => entry.currency === currency && entry.side === side)
        .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
    const [debitsMinor, creditsMinor] = [of("debit"), of("credit")];
    return { currency, debitsMinor, creditsMinor, differenceMinor: 0 };
  });
  for (const { payments } of stores) {
    deepEqual((await payments.balances()).map((balance) => ({ ...balance })), summed);
  }
  deepEqual(summed.map(({ debitsMinor }) => debitsMinor), [8_000, 4_000]);
});

test("send each event, though all of them relay", async (stores) => {
  await Promise.all(
    stores.flatMap(({ payments }) => Array.from({ length: 4 }, () => aTakenPayment(payments))),
  );
  const sent = (await Promise.all(stores.map(({ outbox }) => drain(outbox)))).flat();
  // A lane that one relay held was no matter of the others: what is left goes now.
  sent.push(...await drain(stores[0]!.outbox));
  equal(new Set(sent.map(({ subject }) => subject)).size, clients * 4);
  deepEqual(await drain(stores[0]!.outbox), []);
});

/** Every entry of the ledger, as it lies in the table. */
async function entriesOf(name: string): Promise<readonly LedgerEntry[]> {
  await using opened = (await dynamodb!()).table(name);
  const items = await scan(opened.table);
  return items.filter(({ sk }) => String(sk).startsWith("ENTRY#"))
    .map((item) => LedgerEntry.parse(item));
}
