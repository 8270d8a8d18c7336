import { equal, ok } from "node:assert/strict";
import { migrations } from "@services/orders/migrations";
import { ensureCertificates } from "certs/store";
import { migrate, Postgres } from "platform/postgres";
import { freePort } from "tools/platform";
import { lacks, postgresUrl, type RealServer, startPostgres } from "tools/servers";
import { allOrders, booksAgree, ordersAreFinal } from "../fixtures/books.ts";
import { buyOnAndOn } from "../fixtures/buyer.ts";
import { eventually } from "../fixtures/eventually.ts";
import { openTestPlatform, products } from "../fixtures/platform.ts";
import { identityOf } from "../fixtures/postgres.ts";
import { seededRandom } from "../fixtures/seeded_random.ts";

const kills = 2;
const buyers = 8;
/** Before each kill: who was buying at the last one asks again until the lease of its key is over. */
const ordersBetween = 10;
const finalTimeoutMs = 90_000;

Deno.test({
  name: "no order is lost, charged twice or left open when PostgreSQL is killed under load",
  ignore: lacks("postgres"),
  async fn() {
    await using opened = new AsyncDisposableStack();
    const dataDir = await Deno.makeTempDir({ prefix: "sallyport_postgres_" });
    opened.defer(() => Deno.remove(dataDir, { recursive: true }));
    let server!: RealServer;
    await using platform = await openTestPlatform({
      async startStores(dir) {
        const place = { dataDir: `${dataDir}/data`, tlsDir: `${dir}/tls`, port: freePort() };
        server = opened.use(await startMigrated(place));
        return { orders: { ORDERS_POSTGRES_URL: postgresUrl(place.port, "orders") } };
      },
    });
    const [product] = await products(platform);
    const stockBefore = new Map([[product!.id, product!.stock]]);
    const random = seededRandom(crypto.getRandomValues(new Uint32Array(1))[0]!);
    const stopped = new AbortController();
    const buying = Array.from(
      { length: buyers },
      () => buyOnAndOn(platform, { productId: product!.id, random, signal: stopped.signal }),
    );
    const pid = platform.supervisor.pid("orders");
    for (let kill = 1; kill <= kills; kill++) {
      await eventually("orders are placed", async () => {
        return (await allOrders(platform)).length >= kill * ordersBetween;
      }, { timeoutMs: 60_000 });
      await server.kill();
      await server.start();
    }
    stopped.abort();
    const placed = (await Promise.all(buying)).flat();
    const orders = await ordersAreFinal(platform, finalTimeoutMs);

    const there = new Set(orders.map(({ id }) => id));
    equal(placed.filter((id) => !there.has(id)).length, 0, "what was answered is there");
    await booksAgree(platform, orders, stockBefore);
    const summary = `${kills} kills, ${orders.length} orders, books agree`;
    Deno.stdout.writeSync(new TextEncoder().encode(`PostgreSQL killed under load: ${summary}\n`));
    const confirmed = orders.filter(({ status }) => status === "confirmed");
    ok(confirmed.length >= ordersBetween, `only ${confirmed.length} orders are confirmed`);
    equal(platform.supervisor.pid("orders"), pid, "orders never died");
  },
});

async function startMigrated(place: Parameters<typeof startPostgres>[0]): Promise<RealServer> {
  const server = await startPostgres(place);
  const { tlsDir, port } = place;
  await ensureCertificates(tlsDir, ["orders"], new Date());
  const config = { host: "localhost", port, user: "orders", database: "orders" };
  await using db = new Postgres({ config, identity: await identityOf({ tlsDir }, "orders") });
  await migrate(db, migrations);
  return server;
}
