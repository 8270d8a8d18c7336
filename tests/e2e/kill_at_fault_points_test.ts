import { deepEqual, equal, ok } from "node:assert/strict";
import { faultPoints as orderFaultPoints } from "@services/orders/fault-points";
import { faultPoints as paymentFaultPoints } from "@services/payment/fault-points";
import type { ProgramName } from "tools/platform";
import { booksAgree, ordersAreFinal } from "../fixtures/books.ts";
import {
  call,
  openTestPlatform,
  placeOrder,
  products,
  type TestPlatform,
} from "../fixtures/platform.ts";

const finalTimeoutMs = 60_000;
const reachTimeoutMs = 30_000;

/** To buy; to cancel what is paid, which pays it back; to call off what is not, which voids it. */
type Action = "buy" | "cancel" | "call_off";

/** Every place between two steps of the saga and of a payment, and what makes the programs come there. */
const faultPoints: readonly [ProgramName, string, Action][] = [
  ["orders", "order.after_insert", "buy"],
  ["orders", "saga.before_authorize", "buy"],
  ["orders", "saga.after_authorize", "buy"],
  ["orders", "saga.committed_authorize", "buy"],
  ["orders", "saga.before_capture", "buy"],
  ["orders", "saga.after_capture", "buy"],
  ["orders", "saga.committed_capture", "buy"],
  ["orders", "saga.before_undo_payment", "cancel"],
  ["orders", "saga.after_undo_payment", "cancel"],
  ["orders", "saga.committed_undo_payment", "cancel"],
  ["payment", "payment.after_insert", "buy"],
  ["payment", "authorize.before_processor", "buy"],
  ["payment", "authorize.after_processor", "buy"],
  ["payment", "authorize.after_commit", "buy"],
  ["payment", "capture.before_processor", "buy"],
  ["payment", "capture.after_processor", "buy"],
  ["payment", "capture.after_commit", "buy"],
  ["payment", "cancel.before_processor", "call_off"],
  ["payment", "cancel.after_processor", "call_off"],
  ["payment", "cancel.after_commit", "call_off"],
  ["payment", "refund.before_processor", "cancel"],
  ["payment", "refund.after_processor", "cancel"],
  ["payment", "refund.after_commit", "cancel"],
];

Deno.test("an order survives kill -9 of orders and of payment between any two of its steps", async () => {
  await using platform = await openTestPlatform();
  const [product] = await products(platform);
  const stockBefore = new Map([[product!.id, product!.stock]]);

  for (const [program, point, action] of faultPoints) {
    await platform.supervisor.restart(program, { FAULT_POINT: point });
    const pid = platform.supervisor.pid(program);
    using died = reached(platform, point);
    const acting = act(platform, product!.id, action);
    await died.promise;
    await platform.supervisor.restarted(program, pid);
    await acting;
  }
  const orders = await ordersAreFinal(platform, finalTimeoutMs);
  equal(orders.length, faultPoints.length);
  equal(orders.filter(({ status }) => status === "confirmed").length, countOf("buy"));
  await paymentsAreUndone(platform);
  await booksAgree(platform, orders, stockBefore);
  print(
    `kill -9 at fault points: ${faultPoints.length} kills, ${orders.length} orders, books agree`,
  );
});

Deno.test("every fault point of orders and of payment has a place in this test", () => {
  const triedIn = (program: ProgramName) =>
    faultPoints.filter(([name]) => name === program).map(([, point]) => point).toSorted();
  deepEqual(triedIn("orders"), orderFaultPoints.toSorted());
  deepEqual(triedIn("payment"), paymentFaultPoints.toSorted());
});

function countOf(action: Action): number {
  return faultPoints.filter(([, , tried]) => tried === action).length;
}

/** Does what leads to the fault point. Its answer may be lost with the process that dies. */
async function act(
  platform: TestPlatform,
  productId: string,
  action: Action,
): Promise<void> {
  const token = await platform.tokenOf("alice");
  const paymentMethod = action === "call_off" ? "pm_processor_down" : "pm_card_visa";
  const asked = { token, productId, paymentMethod, key: crypto.randomUUID() };
  let answer = await placeOrder(platform, asked);
  // Whoever gets no answer asks again under the same key, as every client must.
  for (let attempt = 0; answer.status !== 201; attempt++) {
    ok(attempt < 100, `POST /orders stays ${answer.status}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    answer = await placeOrder(platform, asked);
  }
  if (action !== "buy") {
    await call(platform, `/orders/${answer.body["id"]}/cancel`, { method: "POST", token });
  }
}

/** Resolves when a program says that it kills itself at `point`. Rejects when none does in time. */
function reached(
  platform: TestPlatform,
  point: string,
): { readonly promise: Promise<void> } & Disposable {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(
    () => reject(new Error(`Nobody came to ${point} within ${reachTimeoutMs} ms`)),
    reachTimeoutMs,
  );
  const listening = platform.onLine((_program, line) => {
    if (line.includes("Fault point reached") && line.includes(`"${point}"`)) resolve();
  });
  return {
    promise,
    [Symbol.dispose]() {
      clearTimeout(timer);
      listening[Symbol.dispose]();
    },
  };
}

interface PaymentSeen {
  readonly status: string;
  readonly capturedMinor: number;
  readonly refundedMinor: number;
}

/** A cancelled order is final at once; its refund, or that nothing is held, follows. */
async function paymentsAreUndone(platform: TestPlatform): Promise<void> {
  const timeUpMs = performance.now() + finalTimeoutMs;
  const expected = `${countOf("cancel")} refunded, ${countOf("call_off")} canceled`;
  for (;;) {
    const { status, body } = await call(platform, "/payments?limit=100", {
      token: await platform.tokenOf("audrey"),
    });
    // So many kills in a row have opened the circuit to payment, for some seconds.
    ok(status === 200 || status === 503, `${status}`);
    const payments = (body["items"] ?? []) as PaymentSeen[];
    const refunded = payments.filter(({ capturedMinor, refundedMinor }) =>
      capturedMinor > 0 && refundedMinor === capturedMinor
    );
    const canceled = payments.filter(({ status }) => status === "canceled");
    const found = `${refunded.length} refunded, ${canceled.length} canceled`;
    if (found === expected) return;
    ok(performance.now() < timeUpMs, `${found}; not ${expected}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}
