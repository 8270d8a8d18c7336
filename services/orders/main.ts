import { MemoryCache, RedisCache } from "platform/cache";
import { peerUrl } from "platform/config";
import { openKeyRing, Resealer } from "platform/crypto";
import { openDiscovery, openPeer } from "platform/discovery";
import {
  openEventPublisher,
  openEventReader,
  RedisEventReader,
  relayOutbox,
} from "platform/events";
import { withDeadline } from "platform/http";
import { createFaultPoints, loadConfigOrExit, runProgram } from "platform/lifecycle";
import { openServiceAccess } from "platform/issuer";
import { openRedisLink } from "platform/redis";
import { reachStore } from "platform/store";
import { createLogger, serveAdmin, withReadyz, withRequestLog } from "platform/telemetry";
import { openTlsIdentity, serveMutualTls } from "platform/tls";
import { HttpPayments, openStores } from "./adapters/mod.ts";
import { createApp } from "./app.ts";
import { CachedReads, copiesGroup } from "./cached_reads.ts";
import { callers, timekeeper } from "./callers.ts";
import { ciphersOf } from "./ciphers.ts";
import { loadConfig } from "./config.ts";
import { offerDemoProducts } from "./demo_products.ts";
import { followPayments } from "./payment_events.ts";
import { createSagaRunner } from "./saga_runner.ts";

const now = () => new Date();

const config = loadConfigOrExit("orders", () => loadConfig((name) => Deno.env.get(name)));
const log = createLogger({ service: "orders", level: config.logLevel });

await runProgram(log, async (running, stopping) => {
  const admin = running.use(serveAdmin({ hostname: "127.0.0.1", port: config.adminPort }));
  const identity = running.use(await openTlsIdentity(config.tls, { log }));
  const discovery = running.use(await openDiscovery(config.discovery, { identity, log }));
  const payment = running.use(openPeer({ identity, discovery, program: "payment" }));

  const { ring } = running.use(await openKeyRing(config.encryption, { service: "orders", log }));
  const ciphers = ciphersOf(ring);
  const surroundings = { identity, ciphers };
  const opening = () => openStores(config.stores, surroundings);
  const kept = running.use(await reachStore(opening, { log, stopping }));
  const resealer = running.use(new Resealer({ ring, stores: kept.sealed, log }));
  running.use(admin.show("/keys", () => resealer.status));

  const redis = running.use(await openRedisLink(config.redis, { identity, log }));
  const copies = new CachedReads(redis ? new RedisCache(redis) : new MemoryCache(), log);
  const stores = { ...kept, ...copies.invalidatedBy(kept) };
  if (config.demoProducts) await offerDemoProducts(stores.products, config.demoProducts, now());
  const publisher = running.use(openEventPublisher(config.events, redis));
  running.use(relayOutbox({ ...stores, publisher, log }));
  // Without Redis the copies are this process's own, and die with it.
  const ownEvents = redis && running.use(new RedisEventReader(redis, copiesGroup));
  if (ownEvents) running.use(copies.follow({ reader: ownEvents, log }));

  const link = { config, identity, discovery, redis, log, now };
  const { authenticate, token } = await openServiceAccess(running, link);
  const reach = createFaultPoints({ ...config.fault, log });
  const sagas = running.use(
    createSagaRunner({
      ...stores,
      payments: new HttpPayments({ baseUrl: peerUrl("payment"), fetch: payment.fetch, token }),
      log,
      now,
      reach,
    }),
  );
  const reader = running.use(openEventReader(config.paymentEvents, redis));
  const wake = sagas.wake.bind(sagas);
  running.use(followPayments({ reader, inbox: stores.paymentEvents, log, now, wake }));

  const app = createApp({
    ...stores,
    reads: copies.over(kept),
    sagas,
    authenticate,
    log,
    now,
    newId: () => crypto.randomUUID(),
    paymentDeadlineMs: config.paymentDeadlineMs,
    reach,
  });
  const timed = withDeadline(app.fetch, { timekeeper });
  const handle = withReadyz(withRequestLog(log, timed), stores.checks);
  const { port } = running.use(
    await serveMutualTls({ ...config.server, identity, callers, log }, handle),
  );
  running.use(admin.declareReady(stores.checks));
  running.use(discovery.register({ program: "orders", port }));
});
