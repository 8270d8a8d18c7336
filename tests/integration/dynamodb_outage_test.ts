import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Stores } from "@services/payment/adapters";
import {
  asItIs,
  type Course,
  LedgerEntry,
  type PaymentId,
  refunded,
} from "@services/payment/domain";
import { drain } from "platform/events/testing";
import { StoreUnavailableError } from "platform/store";
import { areMet } from "platform/telemetry";
import { lacks } from "tools/servers";
import { type DynamodbScene, openDynamodbScene } from "../fixtures/dynamodb.ts";
import { scan } from "../fixtures/dynamodb_scan.ts";
import { eventually } from "../fixtures/eventually.ts";
import { anOpening, aRefundId, aTakenPayment, noon, refunding } from "../fixtures/payments.ts";

const ignore = lacks("dynamodb");
/** The adapter's own deadline, and what a busy machine adds to it. */
const callTimeoutMs = 2_000;
const slackMs = 1_500;

Deno.test({
  name: "A DynamoDB that is killed and started again has lost nothing and has nothing by halves",
  ignore,
  async fn() {
    await using scene = await openDynamodbScene();
    const table = await scene.createTable();
    await using stores = await scene.open(table, { callTimeoutMs });
    await eventually("the server is warm", () => aTakenPayment(stores.payments));
    const refunders = Array.from({ length: 4 }, () => new Refunder(stores));
    const refunding = refunders.map((refunder) => refunder.run());
    for (let kill = 0; kill < 3; kill++) {
      const before = refunders.map(({ made }) => made.length);
      await eventually(
        "each has refunded",
        () => refunders.every(({ made }, index) => made.length > before[index]!),
      );
      await scene.server.kill();
      await eventually(
        "each has met the outage",
        () => refunders.every(({ failures }) => failures.length > kill),
      );
      await scene.server.start();
    }
    for (const refunder of refunders) refunder.stop();
    await Promise.all(refunding);
    for (const { failures } of refunders) {
      ok(failures.every((thrown) => thrown instanceof StoreUnavailableError));
    }
    // Who looks has more patience than a program: the server has just been started.
    await using patient = await scene.open(table);
    await booksAgree(scene, { table, stores: patient, refunders });
  },
});

Deno.test({
  name: "A DynamoDB that does not answer is given up on in time, and is asked again when it does",
  ignore,
  async fn() {
    await using scene = await openDynamodbScene();
    await using stores = await scene.open(await scene.createTable(), { callTimeoutMs });
    const { payments, work, idempotency, outbox } = stores;
    const { id } = await eventually("the server is warm", () => aTakenPayment(payments));
    equal(await areMet(stores.checks), true);
    const use = { scope: "ada", key: "k1", fingerprint: "f1", resourceId: "r1" };
    const calls: Record<string, () => Promise<unknown>> = {
      find: () => payments.find(id, "any"),
      list: () => payments.list("any", { limit: 1, cursor: undefined }),
      open: () => payments.open(anOpening()),
      transition: () => payments.transition(id, "any", refunding(1)),
      balances: () => payments.balances(),
      claim: () => work.claim(id, noon, 1_000),
      due: () => work.due(noon, 1),
      "claim a key": () => idempotency.claim(use, noon, 1_000),
      relay: () => drain(outbox),
      check: () => stores.checks[0]!.check(),
    };
    await scene.server.pause();
    await Promise.all(
      Object.entries(calls).map(async ([name, call]) => {
        const startedMs = performance.now();
        await rejects(call(), StoreUnavailableError, name);
        const tookMs = performance.now() - startedMs;
        ok(tookMs < callTimeoutMs + slackMs, `${name} took ${tookMs} ms`);
      }),
    );
    equal(await areMet(stores.checks), false);
    await scene.server.resume();
    await eventually("it answers again", () =>
      payments.find(id, "any").catch((thrown) => {
        if (thrown instanceof StoreUnavailableError) return undefined;
        throw thrown;
      }));
    const before = await refundsOf(stores, id);
    await payments.transition(id, "any", refunding(1));
    equal(await refundsOf(stores, id), before + 1);
  },
});

Deno.test({
  name: "A DynamoDB that is away is found away at once",
  ignore,
  async fn() {
    await using scene = await openDynamodbScene();
    await using stores = await scene.open(await scene.createTable(), { callTimeoutMs });
    await scene.server.kill();
    const startedMs = performance.now();
    await rejects(stores.checks[0]!.check(), StoreUnavailableError);
    ok(performance.now() - startedMs < callTimeoutMs, "nobody waits for a refused connection");
  },
});

/** Opens payments and refunds them, one after the other, and keeps what it was told of them. */
class Refunder {
  /** Payments of which the refund was answered for. */
  readonly made: PaymentId[] = [];
  readonly failures: unknown[] = [];
  readonly #stores: Stores;
  #stopped = false;

  constructor(stores: Stores) {
    this.#stores = stores;
  }

  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<void> {
    const { payments } = this.#stores;
    while (!this.#stopped) {
      try {
        const { id } = await aTakenPayment(payments, { amountMinor: 900 });
        const refundId = aRefundId();
        await payments.transition(id, "any", refunding(100, refundId));
        await payments.transition(id, "any", (course) => refunded(course, refundId, noon));
        this.made.push(id);
      } catch (thrown) {
        this.failures.push(thrown);
      }
    }
  }
}

async function refundsOf({ payments }: Stores, id: PaymentId): Promise<number> {
  return (await payments.transition(id, "any", asItIs))!.refunds.length;
}

/** What was answered for is there; each payment, its entries and its events agree, and so do the totals. */
async function booksAgree(
  scene: DynamodbScene,
  { table, stores, refunders }: {
    readonly table: string;
    readonly stores: Stores;
    readonly refunders: readonly Refunder[];
  },
): Promise<void> {
  const { payments, outbox } = stores;
  for (const id of refunders.flatMap(({ made }) => made)) {
    equal((await payments.find(id, "any"))?.refundedMinor, 100);
  }
  await using opened = scene.table(table);
  const items = await scan(opened.table);
  const entries = items.filter(({ sk }) => String(sk).startsWith("ENTRY#"))
    .map((item) => LedgerEntry.parse(item));
  const events = Map.groupBy(await drain(outbox), ({ subject }) => subject);
  const booked = Map.groupBy(entries, ({ paymentId }) => paymentId);
  for (const { payment } of items.filter(({ sk }) => sk === "PAYMENT") as unknown as Course[]) {
    const times = (payment.capturedMinor > 0 ? 1 : 0) + (payment.refundedMinor > 0 ? 1 : 0);
    equal(booked.get(payment.id)?.length ?? 0, 2 * times, "two entries for each booking");
    equal(events.get(payment.id)?.length ?? 0, times, "an event for each booking");
  }
  const sumOf = (side: string) =>
    entries.filter((entry) => entry.side === side)
      .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const [debitsMinor, creditsMinor] = [sumOf("debit"), sumOf("credit")];
  const balances = (await payments.balances()).map((balance) => ({ ...balance }));
  deepEqual(balances, [{ currency: "EUR", debitsMinor, creditsMinor, differenceMinor: 0 }]);
}
