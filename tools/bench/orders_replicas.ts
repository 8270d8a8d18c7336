import { createApp, type Dependencies } from "@services/orders";
import { openEmbeddedStores, type Stores } from "@services/orders/adapters";
import { CachedReads, copiesGroup } from "@services/orders/cached-reads";
import { ciphersOf } from "@services/orders/ciphers";
import type { Principal } from "platform/access";
import { RedisCache } from "platform/cache";
import { TestKeyRing } from "platform/crypto/testing";
import { RedisEventPublisher, RedisEventReader, relayOutbox } from "platform/events";
import type { Redis } from "platform/redis";
import { silentLogger as log } from "platform/telemetry";

/** One of several processes that serve orders, as far as copies are concerned. */
export interface OrdersReplica extends AsyncDisposable {
  readonly copies: CachedReads;
  /** What it keeps, past its copies: a write here is one of a process that dies before it makes them void. */
  readonly stores: Stores;
  fetch(request: Request): Promise<Response>;
}

export interface ReplicaOptions {
  /** The folder of the one database that all replicas share. */
  readonly dir: string;
  readonly redis: Redis;
  /** How long the store takes to find something: none in SQLite, some in a database over a network. */
  readonly findMs?: number;
  /** Whether reads go through the copies. */
  readonly isCached?: boolean;
}

const now = () => new Date();
const ciphers = ciphersOf(new TestKeyRing());
const staff: Principal = { subject: "staff", clientId: "bench", roles: new Set(["orders"]) };

/** A replica with everything that keeps its copies right; its sagas rest. */
export function openOrdersReplica(
  { dir, redis, findMs = 0, isCached = true }: ReplicaOptions,
): OrdersReplica {
  const running = new AsyncDisposableStack();
  const path = `${dir}/orders.sqlite`;
  const stores = running.use(openEmbeddedStores({ kind: "embedded", path }, ciphers));
  const publisher = running.use(new RedisEventPublisher(redis, "orders"));
  const copies = new CachedReads(new RedisCache(redis), log);
  const reader = running.use(new RedisEventReader(redis, copiesGroup));
  running.use(relayOutbox({ ...stores, publisher, log }));
  running.use(copies.follow({ reader, log }));
  const reads = slowed(stores, findMs);
  const app = createApp({
    ...stores,
    ...copies.invalidatedBy(stores),
    reads: isCached ? copies.over(reads) : reads,
    sagas: { settle: () => Promise.resolve(), wake: () => {} },
    authenticate: () => Promise.resolve(staff),
    log,
    now,
    newId: () => crypto.randomUUID(),
    paymentDeadlineMs: 60_000,
    reach() {},
  });
  return {
    copies,
    stores,
    fetch: async (request) => await app.fetch(request),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The same, each look taking `findMs`. */
function slowed({ orders, products }: Stores, findMs: number): Dependencies["reads"] {
  const wait = () => new Promise<void>((resolve) => setTimeout(resolve, findMs));
  return {
    orders: {
      find: async (id, reach) => {
        if (findMs > 0) await wait();
        return await orders.find(id, reach);
      },
    },
    products: {
      find: async (id) => {
        if (findMs > 0) await wait();
        return await products.find(id);
      },
    },
  };
}
