import { equal, ok } from "node:assert/strict";
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

/** Every place between two steps of the saga and of a payment, and what makes the programs come there. */
const faultPoints: readonly [ProgramName, string, action: "buy" | "cancel"][] = [
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
  const bought = faultPoints.filter(([, , action]) => action === "buy").length;
  equal(orders.filter(({ status }) => status === "confirmed").length, bought);
  await refundsAreMade(platform);
  await booksAgree(platform, orders, stockBefore);
  print(
    `kill -9 at fault points: ${faultPoints.length} kills, ${orders.length} orders, books agree`,
  );
});

/** Does what leads to the fault point. Its answer may be lost with the process that dies. */
async function act(
  platform: TestPlatform,
  productId: string,
  action: "buy" | "cancel",
): Promise<void> {
  const token = await platform.tokenOf("alice");
  const key = crypto.randomUUID();
  let answer = await placeOrder(platform, { token, productId, key });
  // Whoever gets no answer asks again under the same key, as every client must.
  for (let attempt = 0; answer.status !== 201; attempt++) {
    ok(attempt < 100, `POST /orders stays ${answer.status}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    answer = await placeOrder(platform, { token, productId, key });
  }
  if (action === "cancel") {
    await call(platform, `/orders/${answer.body["id"]}/cancel`, { method: "POST", token });
  }
}

/** Resolves when a program says that it kills itself at `point`. */
function reached(
  platform: TestPlatform,
  point: string,
): { readonly promise: Promise<void> } & Disposable {
  const { promise, resolve } = Promise.withResolvers<void>();
  const listening = platform.onLine((_program, line) => {
    if (line.includes("Fault point reached") && line.includes(`"${point}"`)) resolve();
  });
  return { promise, [Symbol.dispose]: () => listening[Symbol.dispose]() };
}

/** A cancelled order is final at once; its refund follows. */
async function refundsAreMade(platform: TestPlatform): Promise<void> {
  const timeUpMs = performance.now() + finalTimeoutMs;
  const cancelled = faultPoints.filter(([, , action]) => action === "cancel").length;
  for (;;) {
    const { body } = await call(platform, "/payments?limit=100", {
      token: await platform.tokenOf("audrey"),
    });
    const undone = (body["items"] as { capturedMinor: number; refundedMinor: number }[])
      .filter(({ capturedMinor, refundedMinor }) =>
        capturedMinor > 0 && refundedMinor === capturedMinor
      );
    if (undone.length === cancelled) return;
    ok(performance.now() < timeUpMs, `${undone.length} of ${cancelled} refunds are made`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}
