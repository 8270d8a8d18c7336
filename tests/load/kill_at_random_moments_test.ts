import { equal, ok } from "node:assert/strict";
import { booksAgree, ordersAreFinal } from "../fixtures/books.ts";
import { buyOnAndOn } from "../fixtures/buyer.ts";
import { openTestPlatform, products } from "../fixtures/platform.ts";
import { seededRandom } from "../fixtures/seeded_random.ts";

const kills = 20;
const buyers = 4;
const finalTimeoutMs = 90_000;
/** With fewer, nothing would be shown: the load was not there. */
const confirmedMin = 20;
const failedMin = 1;

Deno.test("no order is lost, charged twice or left open when orders and payment are killed under load", async () => {
  await using platform = await openTestPlatform();
  const [product] = await products(platform);
  const stockBefore = new Map([[product!.id, product!.stock]]);
  const seed = Number(Deno.env.get("TEST_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
  print(`kill -9 under load: TEST_SEED=${seed}`);
  const random = seededRandom(seed);
  const stopped = new AbortController();
  const buying = Array.from({ length: buyers }, (_, buyer) =>
    buyOnAndOn(platform, {
      productId: product!.id,
      random: seededRandom(seed + 1 + buyer),
      signal: stopped.signal,
    }));

  for (let kill = 0; kill < kills; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 100 + random() * 500));
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
  const count = (status: string) => counts.get(status)?.length ?? 0;
  ok(count("confirmed") >= confirmedMin, `only ${count("confirmed")} orders are confirmed`);
  ok(count("payment_failed") >= failedMin, "no order's payment has failed");
  const summary = [...counts].map(([status, { length }]) => `${length} ${status}`).join(", ");
  print(`kill -9 under load: ${kills} kills, ${orders.length} orders (${summary}), books agree`);
});

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}
