import { equal } from "node:assert/strict";
import { booksAgree, ordersAreFinal } from "../fixtures/books.ts";
import { openTestPlatform, placeOrder, products, type TestPlatform } from "../fixtures/platform.ts";

const kills = 20;
const buyers = 4;
const finalTimeoutMs = 90_000;
const methods = [
  "pm_card_visa",
  "pm_card_visa",
  "pm_card_visa",
  "pm_card_declined",
  "pm_card_timeout",
];

Deno.test("no order is lost, charged twice or left open when orders and payment are killed under load", async () => {
  await using platform = await openTestPlatform();
  const [product] = await products(platform);
  const stockBefore = new Map([[product!.id, product!.stock]]);
  const stopped = new AbortController();
  const buying = Array.from({ length: buyers }, () => buy(platform, product!.id, stopped.signal));

  for (let kill = 0; kill < kills; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 500));
    const program = kill % 2 === 0 ? "orders" : "payment";
    const pid = platform.supervisor.pid(program);
    platform.supervisor.kill(program);
    await platform.supervisor.restarted(program, pid);
  }
  stopped.abort();
  const placed = (await Promise.all(buying)).flat();
  const orders = await ordersAreFinal(platform, finalTimeoutMs);

  const there = new Set(orders.map(({ id }) => id));
  equal(placed.filter((id) => !there.has(id)).length, 0, "what was answered is there");
  await booksAgree(platform, orders, stockBefore);
  const counts = Map.groupBy(orders, ({ status }) => status);
  const summary = [...counts].map(([status, { length }]) => `${length} ${status}`).join(", ");
  print(`kill -9 under load: ${kills} kills, ${orders.length} orders (${summary}), books agree`);
});

/** Orders on and on, asking again under the same key where no answer came. @returns the ids it was told. */
async function buy(
  platform: TestPlatform,
  productId: string,
  signal: AbortSignal,
): Promise<string[]> {
  const token = await platform.tokenOf("alice");
  const ids: string[] = [];
  while (!signal.aborted) {
    const key = crypto.randomUUID();
    const paymentMethod = methods[Math.floor(Math.random() * methods.length)]!;
    for (let attempt = 0; attempt < 50; attempt++) {
      const { status, body } = await placeOrder(platform, { token, productId, paymentMethod, key });
      if (status === 201) {
        ids.push(String(body["id"]));
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  return ids;
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}
