/**
 * What the copies in Redis are worth to three replicas of orders over one store: hit ratio, and how long
 * requests take with them and without, for a store in the process and for one that takes 2 ms; then how
 * long a replica goes on giving what was before a change. Prints Markdown tables.
 *
 *     deno task bench:cache [requests per row]
 */
import { newProduct, ProductId } from "@services/orders/domain";
import { ensureCertificates } from "certs/store";
import { Secret } from "platform/config";
import { RedisLink } from "platform/redis";
import { silentLogger as log } from "platform/telemetry";
import { openTlsIdentity } from "platform/tls";
import { freePort } from "../platform/mod.ts";
import { redisUrl, startRedis } from "../servers/mod.ts";
import { openOrdersReplica, type OrdersReplica } from "./orders_replicas.ts";
import { measureStaleness, type Staleness } from "./staleness.ts";

const replicaCount = 3;
const productCount = 1_000;
const concurrency = 16;
/** One request in so many changes what it names. */
const readsPerWrite = 50;
const requests = Number(Deno.args[0] ?? 20_000);
const changes = 300;
const changesByTheDying = 100;

const encoder = new TextEncoder();
const say = (text: string) => void Deno.stdout.writeSync(encoder.encode(`${text}\n`));

const dir = await Deno.makeTempDir({ prefix: "sallyport_bench_" });
try {
  await using running = new AsyncDisposableStack();
  const port = freePort();
  const tlsDir = `${dir}/tls`;
  await ensureCertificates(tlsDir, ["orders"], new Date());
  running.use(await startRedis({ dataDir: `${dir}/redis`, tlsDir, port }));
  const identity = running.use(
    await openTlsIdentity({
      certFile: `${tlsDir}/orders/cert.pem`,
      keyFile: `${tlsDir}/orders/key.pem`,
      caFile: `${tlsDir}/ca.pem`,
    }, { log }),
  );
  const config = { url: new Secret(redisUrl(port)), authorities: "own" } as const;
  const link = async () => {
    const redis = running.use(new RedisLink({ config, identity, log }));
    await redis.ready(5_000);
    return redis;
  };
  const links = await Promise.all(Array.from({ length: replicaCount }, link));

  say(
    `${replicaCount} replicas, ${productCount} products, ${requests} requests, ` +
      `${concurrency} at a time, one in ${readsPerWrite} a change; Redis over mutual TLS.\n`,
  );
  say(
    "| store | reads | hit ratio | p50 | p99 | requests/s |\n| --- | --- | --- | --- | --- | --- |",
  );
  for (const findMs of [0, 2]) {
    for (const isCached of [false, true]) {
      await using replicas = openReplicas(links, { findMs, isCached });
      say(row(await load(replicas.all), { findMs, isCached }));
    }
  }

  await using replicas = openReplicas(links, { findMs: 0, isCached: true });
  say("\n| a change is | changes | longest stale | p99 | of them with a stale read |");
  say("| --- | --- | --- | --- | --- |");
  const answered = await measureStaleness(replicas.all, { changes, dies: false });
  say(staleRow("answered", answered));
  const died = await measureStaleness(replicas.all, { changes: changesByTheDying, dies: true });
  say(staleRow("committed by a process that dies at once", died));
} finally {
  await Deno.remove(dir, { recursive: true });
}

interface Setting {
  readonly findMs: number;
  readonly isCached: boolean;
}

/** Replicas over a database of their own. */
function openReplicas(
  links: readonly RedisLink[],
  setting: Setting,
): AsyncDisposable & { readonly all: readonly OrdersReplica[] } {
  const opened = new AsyncDisposableStack();
  const place = Deno.makeTempDirSync({ dir });
  const all = links.map((redis) =>
    opened.use(openOrdersReplica({ dir: place, redis, ...setting }))
  );
  return { all, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

interface Load {
  readonly tookMs: Float64Array;
  readonly seconds: number;
  readonly hitRatio: number;
}

/** Reads and changes products, a few of them most of the time, at all replicas in turn. */
async function load(replicas: readonly OrdersReplica[]): Promise<Load> {
  const ids = Array.from({ length: productCount }, () => ProductId.parse(crypto.randomUUID()));
  const given = { name: "Tea", priceMinor: 450, currency: "EUR", stock: 10 } as const;
  for (const id of ids) {
    await replicas[0]!.stores.products.insert(newProduct(given, { id, at: new Date() }));
  }
  const tookMs = new Float64Array(requests);
  let next = 0;
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: concurrency }, async () => {
    while (next < requests) {
      const index = next++;
      const replica = replicas[index % replicas.length]!;
      // The cube of what is even: a few are asked for most of the time.
      const id = ids[Math.floor(Math.random() ** 3 * productCount)]!;
      const isWrite = index % readsPerWrite === readsPerWrite - 1;
      // As between requests of a network: promises alone would let nothing else happen.
      await new Promise((resolve) => setTimeout(resolve));
      const askedMs = performance.now();
      const response = await replica.fetch(isWrite ? changing(id) : reading(id));
      await response.body?.cancel();
      if (response.status !== 200) throw new Error(`Cannot measure: ${response.status}`);
      tookMs[index] = performance.now() - askedMs;
    }
  }));
  const seconds = (performance.now() - startedMs) / 1_000;
  const counts = replicas.map(({ copies }) => copies.counts.products);
  const hits = counts.reduce((sum, count) => sum + count.hits, 0);
  const reads = requests - Math.floor(requests / readsPerWrite);
  return { tookMs: tookMs.sort(), seconds, hitRatio: hits / reads };
}

function reading(id: ProductId): Request {
  return new Request(`https://orders.test/products/${id}`);
}

function changing(id: ProductId): Request {
  return new Request(`https://orders.test/products/${id}`, {
    method: "PATCH",
    headers: { "content-type": "application/json", "if-match": "*" },
    body: JSON.stringify({ stock: Math.floor(Math.random() * 1_000) }),
  });
}

function row({ tookMs, seconds, hitRatio }: Load, { findMs, isCached }: Setting): string {
  const cells = [
    findMs === 0 ? "SQLite in the process" : `answers after ${findMs} ms`,
    isCached ? "by copies" : "from the store",
    isCached ? `${(hitRatio * 100).toFixed(1)} %` : "",
    `${at(tookMs, 0.5).toFixed(2)} ms`,
    `${at(tookMs, 0.99).toFixed(2)} ms`,
    String(Math.round(requests / seconds)),
  ];
  return `| ${cells.join(" | ")} |`;
}

function staleRow(what: string, staleness: Staleness): string {
  const sorted = Float64Array.from(staleness).sort();
  const ever = staleness.filter((ms) => ms > 0).length;
  const cells = [
    what,
    String(staleness.length),
    `${at(sorted, 1).toFixed(1)} ms`,
    `${at(sorted, 0.99).toFixed(1)} ms`,
    String(ever),
  ];
  return `| ${cells.join(" | ")} |`;
}

function at(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
