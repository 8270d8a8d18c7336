import { equal, ok } from "node:assert/strict";
import { booksComeToAgree, ordersAreFinal } from "../fixtures/books.ts";
import { eventually } from "../fixtures/eventually.ts";
import { startLoad } from "../fixtures/load.ts";
import { products } from "../fixtures/platform.ts";
import {
  lacksRealPlatform,
  openRealPlatform,
  type RealPlatform,
} from "../fixtures/real_platform.ts";

const replicated = ["auth", "payment", "orders"] as const;
const ordersMin = 18;
/** Two cores carry the servers, thirteen programs, and the starts of those that are killed or added. */
const betweenQuestionsMs = 250;
const finalTimeoutMs = 120_000;

Deno.test({
  name:
    "Three replicas of each service share the work; one killed and one added lose and double nothing",
  ignore: lacksRealPlatform,
  async fn() {
    const debug = { LOG_LEVEL: "debug" };
    await using platform = await openRealPlatform({
      replicas: { auth: 3, payment: 3, orders: 3 },
      extraEnv: { auth: debug, payment: debug, orders: debug },
    });
    using relays = countRelays(platform);
    const [product] = await products(platform);
    const stockBefore = new Map([[product!.id, product!.stock]]);
    const load = await startLoad(platform, {
      productId: product!.id,
      reads: {
        "GET /products/{id}": { path: `/products/${product!.id}`, person: "alice" },
        "GET /users/me": { path: "/users/me", person: "alice" },
      },
      buyers: 4,
      everyMs: betweenQuestionsMs,
    });
    const placed = (count: number) =>
      eventually(`${count} orders are placed`, () => load.placed.length >= count, {
        timeoutMs: 120_000,
      });
    {
      await using _ = load;
      for (const program of replicated) {
        await placed(load.placed.length + ordersMin / 6);
        const killed = `${program}-2` as const;
        const pid = platform.supervisor.pid(killed);
        platform.supervisor.kill(killed);
        await placed(load.placed.length + ordersMin / 6);
        await platform.supervisor.restarted(killed, pid);
        await platform.addReplica(program);
      }
      await placed(load.placed.length + ordersMin);
    }
    const orders = await ordersAreFinal(platform, finalTimeoutMs);
    const there = new Set(orders.map(({ id }) => id));
    equal(load.placed.filter((id) => !there.has(id)).length, 0, "what was answered is there");
    equal(new Set(load.placed).size, load.placed.length, "no order was given out twice");
    await booksComeToAgree(platform, orders, stockBefore, finalTimeoutMs);
    const confirmed = orders.filter(({ status }) => status === "confirmed");
    ok(confirmed.length > orders.length / 2, `only ${confirmed.length} orders are confirmed`);
    for (const program of ["payment", "orders"] as const) {
      const sharing = relays.of(program);
      ok(sharing.length > 1, `${program}: only ${sharing.join()} relayed events`);
    }
    const statuses = Map.groupBy(load.seen, ({ status }) => status);
    const states = [...Map.groupBy(orders, ({ status }) => status)]
      .map(([status, { length }]) => `${length} ${status}`).join(", ");
    const answers = [...statuses].map(([status, { length }]) => `${length}×${status}`).join(" ");
    print(`Replicas: ${orders.length} orders (${states}), answers ${answers}; relays ${relays}\n`);
  },
});

/** Which instances have sent events on, and how many. */
function countRelays(platform: RealPlatform) {
  const counts = new Map<string, number>();
  const listening = platform.onLine((name, line) => {
    if (!line.includes('"message":"Events relayed"')) return;
    const { "event.count": count } = JSON.parse(line);
    counts.set(name, (counts.get(name) ?? 0) + Number(count));
  });
  return {
    of: (program: string) => [...counts.keys()].filter((name) => name.split("-")[0] === program),
    toString: () => [...counts].sort().map(([name, count]) => `${name} ${count}`).join(", "),
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  };
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}
