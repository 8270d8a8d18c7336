import { MemoryCache, RedisCache } from "platform/cache";
import { peerUrl } from "platform/config";
import { openKeyRing, Resealer } from "platform/crypto";
import { openDiscovery, openPeer } from "platform/discovery";
import { openEventPublisher, RedisEventReader, relayOutbox } from "platform/events";
import { withDeadline } from "platform/http";
import { createFaultPoints, loadConfigOrExit, runProgram } from "platform/lifecycle";
import { openServiceAccess } from "platform/issuer";
import { openRedisLink } from "platform/redis";
import { reachStore } from "platform/store";
import { createLogger, serveAdmin, withReadyz, withRequestLog } from "platform/telemetry";
import { openTlsIdentity, openTrustedFetch, serveMutualTls } from "platform/tls";
import { HttpCardProcessor, HttpOrderLookup, openStores } from "./adapters/mod.ts";
import { createApp } from "./app.ts";
import { CachedReads, copiesGroup } from "./cached_reads.ts";
import { callers, timekeeper } from "./callers.ts";
import { ciphersOf } from "./ciphers.ts";
import { loadConfig } from "./config.ts";
import { createSettler } from "./settler.ts";

const now = () => new Date();
const newId = () => crypto.randomUUID();

const config = loadConfigOrExit("payment", () => loadConfig((name) => Deno.env.get(name)));
const log = createLogger({ service: "payment", level: config.logLevel });

await runProgram(log, async (running, stopping) => {
  const admin = running.use(serveAdmin({ hostname: "127.0.0.1", port: config.adminPort }));
  const identity = running.use(await openTlsIdentity(config.tls, { log }));
  const discovery = running.use(await openDiscovery(config.discovery, { identity, log }));
  const orders = running.use(openPeer({ identity, discovery, program: "orders" }));

  const { ring } = running.use(await openKeyRing(config.encryption, { service: "payment", log }));
  const ciphers = ciphersOf(ring);
  const surroundings = { identity, ciphers, now, newId };
  const opening = () => openStores(config.stores, surroundings);
  const kept = running.use(await reachStore(opening, { log, stopping }));
  const resealer = running.use(new Resealer({ ring, stores: kept.sealed, log }));
  running.use(admin.show("/keys", () => resealer.status));

  const redis = running.use(await openRedisLink(config.redis, { identity, log }));
  const copies = new CachedReads(redis ? new RedisCache(redis) : new MemoryCache(), log);
  const stores = { ...kept, payments: copies.invalidatedBy(kept.payments) };
  const publisher = running.use(openEventPublisher(config.events, redis));
  running.use(relayOutbox({ ...stores, publisher, log }));
  // Without Redis the copies are this process's own, and die with it.
  const ownEvents = redis && running.use(new RedisEventReader(redis, copiesGroup));
  if (ownEvents) running.use(copies.follow({ reader: ownEvents, log }));

  const { baseUrl, apiKey, webhookSecret } = config.processor;
  const { fetch: fetchProcessor } = running.use(openTrustedFetch({ identity }));
  const reach = createFaultPoints({ ...config.fault, log });
  const settler = running.use(
    createSettler({
      ...stores,
      processor: new HttpCardProcessor({ baseUrl, apiKey, fetch: fetchProcessor }),
      log,
      now,
      newId,
      reach,
    }),
  );

  const link = { config, identity, discovery, redis, log, now };
  const { authenticate, token } = await openServiceAccess(running, link);
  const app = createApp({
    ...stores,
    reads: copies.over(kept.payments),
    orders: new HttpOrderLookup({ baseUrl: peerUrl("orders"), fetch: orders.fetch, token }),
    settler,
    webhookSecret,
    authenticate,
    log,
    now,
    newId,
    reach,
  });
  const timed = withDeadline(app.fetch, { timekeeper });
  const handle = withReadyz(withRequestLog(log, timed), stores.checks);
  const { port } = running.use(
    await serveMutualTls({ ...config.server, identity, callers, log }, handle),
  );
  running.use(admin.declareReady(stores.checks));
  running.use(discovery.register({ program: "payment", port }));
});
