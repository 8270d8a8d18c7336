import { deepEqual, equal, ok } from "node:assert/strict";
import { runDemo } from "tools/demo";
import { call, openTestPlatform, type TestPlatform } from "../fixtures/platform.ts";
import {
  type Answer,
  aProduct,
  buy,
  cancel,
  confirmed,
  paymentOf,
  paymentSettles,
  refund,
  settled,
} from "../fixtures/purchases.ts";

/** A payment deadline that a test can wait for, and that no other method's time-outs reach. */
const paymentDeadlineMs = 8_000;

/** Test payment methods, the state that the order reaches by CONTRACT, and the payment's behind it. */
const methods: readonly [method: string, order: string, payment: readonly string[]][] = [
  ["pm_card_visa", "confirmed", ["succeeded"]],
  ["pm_card_declined", "payment_failed", ["failed"]],
  ["pm_card_insufficient_funds", "payment_failed", ["failed"]],
  ["pm_card_timeout", "confirmed", ["succeeded"]],
  ["pm_card_slow", "confirmed", ["succeeded"]],
  ["pm_processor_down", "payment_failed", ["failed", "canceled"]],
];

Deno.test("the demo, and every way that money takes, ends as the contract says", async (t) => {
  await using platform = await openTestPlatform({
    extraEnv: { orders: { ORDERS_PAYMENT_DEADLINE_MS: String(paymentDeadlineMs) } },
  });

  const toldAtStart = platform.reports.length;

  await t.step("the demo goes through on a fresh platform, and prints each step", async () => {
    const lines: string[] = [];
    await runDemo({
      edge: platform.edge,
      credentials: platform.credentials,
      print: (line) => void lines.push(line),
    });
    equal(lines.at(-1), "Everything went as it must.");
    const calls = lines.filter((line) => / ms$/.test(line));
    ok(calls.length >= 12, "every call is printed with its time");
  });

  await paymentMethods(t, platform);
  await cancellations(t, platform);
  await refunds(t, platform);
  await directPayments(t, platform);

  await t.step("after all that, the ledger is in balance", async () => {
    const token = await platform.tokenOf("audrey");
    const { body } = await call(platform, "/ledger/balance", { token });
    const items = body["items"] as { debitsMinor: number; differenceMinor: number }[];
    ok(items.some(({ debitsMinor }) => debitsMinor > 0), "money was booked");
    deepEqual(items.map(({ differenceMinor }) => differenceMinor), items.map(() => 0));
    deepEqual(platform.reports.slice(toldAtStart), [], "no program reports anything");
  });
});

async function paymentMethods(t: Deno.TestContext, platform: TestPlatform): Promise<void> {
  await t.step("an unknown payment method ends as a declined one, not in an error", async () => {
    const order = await settled(platform, await buy(platform, "pm_no_such_method"));
    equal(order["status"], "payment_failed");
  });

  // All at once: the slow ones wait beside each other.
  const product = await aProduct(platform);
  const placed = new Map<string, Answer>();
  await Promise.all(methods.map(async ([method]) => {
    placed.set(method, await buy(platform, method));
  }));
  for (const [method, state, paymentStates] of methods) {
    await t.step(`an order paid with ${method} ends ${state}`, async () => {
      const order = await settled(platform, placed.get(method)!);
      equal(order["status"], state);
      if (order["paymentId"] === null) return equal(state, "payment_failed");
      await paymentSettles(platform, order["paymentId"], (payment) => {
        const taken = state === "confirmed" ? order["totalMinor"] : 0;
        return paymentStates.includes(String(payment["status"])) &&
          Number(payment["capturedMinor"]) - Number(payment["refundedMinor"]) === taken;
      });
    });
  }
  await t.step("only the confirmed orders have taken stock", async () => {
    const confirmed = methods.filter(([, state]) => state === "confirmed").length;
    const { body } = await call(platform, `/products/${product.id}`);
    equal(body["stock"], product.stock - confirmed);
  });
}

async function cancellations(t: Deno.TestContext, platform: TestPlatform): Promise<void> {
  await t.step(
    "cancelling a confirmed order refunds it in full and releases its stock",
    async () => {
      const before = await aProduct(platform);
      const order = await confirmed(platform);
      equal((await aProduct(platform)).stock, before.stock - 1);
      const cancelled = await cancel(platform, order);
      equal(cancelled.status, 200);
      equal(cancelled.body["status"], "cancelled");
      await paymentSettles(
        platform,
        order["paymentId"],
        ({ refundedMinor }) => refundedMinor === order["totalMinor"],
      );
      equal((await aProduct(platform)).stock, before.stock);
      equal((await cancel(platform, order)).status, 200, "cancelling again changes nothing");
      equal((await aProduct(platform)).stock, before.stock);
    },
  );

  await t.step("cancelling a fulfilled order is 409 and refunds nothing", async () => {
    const order = await confirmed(platform);
    const olga = await platform.tokenOf("olga");
    const fulfilled = await call(platform, `/orders/${order["id"]}/fulfil`, {
      method: "POST",
      token: olga,
    });
    equal(fulfilled.status, 200);
    equal(fulfilled.body["status"], "fulfilled");
    const refused = await cancel(platform, order);
    equal(refused.status, 409);
    equal(refused.headers.get("content-type"), "application/problem+json");
    const payment = await paymentOf(platform, order["paymentId"]);
    equal(payment["refundedMinor"], 0);
  });

  await t.step("cancelling after a partial refund pays back the rest, and no more", async () => {
    const order = await confirmed(platform);
    const partial = await refund(platform, order, 300);
    equal(partial.status, 201);
    equal((await cancel(platform, order)).status, 200);
    const payment = await paymentSettles(
      platform,
      order["paymentId"],
      ({ refundedMinor }) => refundedMinor === order["totalMinor"],
    );
    equal(payment["capturedMinor"], order["totalMinor"]);
  });
}

async function refunds(t: Deno.TestContext, platform: TestPlatform): Promise<void> {
  await t.step("a refund of more than is left is refused, and changes nothing", async () => {
    const order = await confirmed(platform);
    const totalMinor = Number(order["totalMinor"]);
    const tooMuch = await refund(platform, order, totalMinor + 1);
    equal(tooMuch.status, 422);
    equal((await refund(platform, order, 100)).status, 201);
    equal((await refund(platform, order, totalMinor - 99)).status, 422);
    const rest = await refund(platform, order, totalMinor - 100);
    equal(rest.status, 201);
    equal((await refund(platform, order, 1)).status, 422);
    const payment = await paymentSettles(
      platform,
      order["paymentId"],
      ({ refundedMinor }) => refundedMinor === totalMinor,
    );
    equal(payment["status"], "succeeded");
  });

  await t.step("refunds asked for at the same time never exceed the payment", async () => {
    const order = await confirmed(platform);
    const totalMinor = Number(order["totalMinor"]);
    const half = Math.floor(totalMinor / 2) + 1;
    const answers = await Promise.all([1, 2, 3, 4].map(() => refund(platform, order, half)));
    const statuses = answers.map(({ status }) => status).toSorted();
    deepEqual(statuses, [201, 422, 422, 422]);
  });
}

async function directPayments(t: Deno.TestContext, platform: TestPlatform): Promise<void> {
  const paula = await platform.tokenOf("paula");
  const pay = (body: unknown) =>
    call(platform, "/payments", {
      method: "POST",
      token: paula,
      body,
      headers: { "idempotency-key": crypto.randomUUID() },
    });

  await t.step("a payment that does not match its order is 422", async () => {
    // Still to be paid: nothing but the mismatch is wrong.
    const order = await buy(platform, "pm_processor_down");
    equal(order["status"], "pending");
    const { id: orderId, totalMinor: amountMinor, currency } = order;
    const good = { orderId, amountMinor, currency, paymentMethod: "pm_card_visa" };
    const mismatches: [string, Answer][] = [
      ["order-mismatch", { ...good, amountMinor: Number(amountMinor) - 1 }],
      ["order-mismatch", { ...good, currency: "USD" }],
      ["unknown-order", { ...good, orderId: crypto.randomUUID() }],
    ];
    for (const [type, mismatch] of mismatches) {
      const { status, headers, body } = await pay(mismatch);
      equal(status, 422);
      equal(headers.get("content-type"), "application/problem+json");
      equal(body["type"], `urn:sallyport:problem:${type}`);
    }
  });

  await t.step("an order that is paid is not paid twice", async () => {
    const { id: orderId, totalMinor: amountMinor, currency } = await confirmed(platform);
    const { status } = await pay({ orderId, amountMinor, currency, paymentMethod: "pm_card_visa" });
    ok(status === 409 || status === 422, `refused: ${status}`);
    const { body } = await call(platform, `/payments?orderId=${orderId}`, { token: paula });
    equal((body["items"] as unknown[]).length, 1);
  });
}
