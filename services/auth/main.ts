import type { Hono } from "hono";
import { shownBehindEdge } from "platform/access";
import { MemoryCache, RedisCache } from "platform/cache";
import { openKeyRing, Resealer } from "platform/crypto";
import { openDenylist } from "platform/denylist";
import { openDiscovery } from "platform/discovery";
import { openEventPublisher, RedisEventReader, relayOutbox } from "platform/events";
import { type DeadlineBindings, withDeadline } from "platform/http";
import { loadConfigOrExit, periodically, runProgram } from "platform/lifecycle";
import { openRedisLink, type Redis } from "platform/redis";
import { reachStore } from "platform/store";
import { createLogger, serveAdmin, withReadyz, withRequestLog } from "platform/telemetry";
import {
  openTlsIdentity,
  openWebFetch,
  type Peer,
  serveMutualTls,
  type TlsIdentity,
} from "platform/tls";
import {
  CommonPasswords,
  oidcAdapterFor,
  openMailer,
  openStores,
  RedisLoginAttempts,
  type Stores,
  WorkerPasswords,
} from "./adapters/mod.ts";
import { createApp } from "./app.ts";
import { withAuditTrail } from "./audit_trail.ts";
import { createAppElsewhere } from "./app_elsewhere.ts";
import { CachedReads, copiesGroup } from "./cached_reads.ts";
import { callers, timekeeper } from "./callers.ts";
import { type Ciphers, ciphersOf } from "./ciphers.ts";
import { callingClients } from "./client_calls.ts";
import { clientAddressOf } from "./client_address.ts";
import { clientCertificateOf } from "./client_certificate.ts";
import { loadConfig } from "./config.ts";
import { addDemoUsers } from "./demo_users.ts";
import { LoginAttempts } from "./domain/mod.ts";
import { RecoveryCodes } from "./recovery_codes.ts";
import { MailDelivery } from "./mail_delivery.ts";
import { openElsewhere } from "./open_elsewhere.ts";
import type { SignInAttempts } from "./ports.ts";
import { SigningKeyFile } from "./signing_key_file.ts";
import { ownAuthenticator } from "./signing_keys.ts";

/** What has expired is of no use to anyone: this only gives its room back. */
const sweepEveryMs = 60_000;

const now = () => new Date();
const newId = () => crypto.randomUUID();

const config = loadConfigOrExit("auth", () => loadConfig((name) => Deno.env.get(name)));
const log = createLogger({ service: "auth", level: config.logLevel });

await runProgram(log, async (running, stopping) => {
  const admin = running.use(serveAdmin({ hostname: "127.0.0.1", port: config.adminPort }));
  const identity = running.use(await openTlsIdentity(config.tls, { log }));

  const discovery = running.use(await openDiscovery(config.discovery, { identity, log }));
  const { ring } = running.use(await openKeyRing(config.encryption, { service: "auth", log }));
  const ciphers = ciphersOf(ring);
  const surroundings = { identity, ciphers, now };
  const opening = () => openStores(config.stores, surroundings);
  const kept = running.use(await reachStore(opening, { log, stopping }));
  const resealer = running.use(new Resealer({ ring, stores: kept.sealed, log }));
  running.use(admin.show("/keys", () => resealer.status));

  const redis = running.use(await openRedisLink(config.redis, { identity, log }));
  const cache = redis ? new RedisCache(redis) : new MemoryCache();
  const copies = new CachedReads(cache, ciphers.copies, log);
  const stores = { ...kept, users: copies.invalidatedBy(kept.users) };
  const passwords = running.use(new WorkerPasswords());
  // People who sign in elsewhere get their accounts when they come.
  if (config.demoUsers && !config.foreignIssuer) {
    await addDemoUsers(config.demoUsers, stores.users, passwords, now());
  }
  const publisher = running.use(openEventPublisher(config.events, redis));
  running.use(relayOutbox({ ...stores, publisher, log }));
  // Without Redis the copies are this process's own, and die with it.
  const ownEvents = redis && running.use(new RedisEventReader(redis, copiesGroup));
  if (ownEvents) running.use(copies.follow({ reader: ownEvents, log }));
  running.use(periodically({ name: "expired grants", everyMs: sweepEveryMs, log }, async () => {
    await stores.grants.sweep(now());
  }));

  const needs = { kept, stores, copies, ciphers, passwords, redis, identity };
  const app = await openApp(running, needs);
  const answer = (request: Request, { peer, signal }: DeadlineBindings<Peer>) => {
    const clientAddress = clientAddressOf(request.headers, peer);
    const clientCertificate = clientCertificateOf(request.headers, peer);
    const bindings = { peer, signal, clientAddress, clientCertificate };
    const trail = { ...stores, log, now };
    return withAuditTrail(() => app.fetch(request, bindings), clientAddress, trail);
  };
  const timed = withDeadline(answer, { timekeeper });
  const handle = withReadyz(withRequestLog(log, timed), stores.checks);
  const { port } = running.use(
    await serveMutualTls({ ...config.server, identity, callers, log }, handle),
  );
  running.use(admin.declareReady(stores.checks));
  running.use(discovery.register({ program: "auth", port }));
});

interface AppNeeds {
  readonly kept: Stores;
  readonly stores: Stores;
  readonly copies: CachedReads;
  readonly ciphers: Ciphers;
  readonly passwords: WorkerPasswords;
  readonly redis: Redis | undefined;
  readonly identity: TlsIdentity;
}

/** The users API, with the authorization server unless people sign in elsewhere. */
async function openApp(
  running: AsyncDisposableStack,
  { kept, stores, copies, ciphers, passwords, redis, identity }: AppNeeds,
): Promise<Hono> {
  const { path } = config.events;
  const denylist = running.use(await openDenylist({ path, redis, log, now }));
  const means = { log, now, newId };
  const people = {
    ...stores,
    ...means,
    reads: copies.over(kept.users),
    commonPasswords: new CommonPasswords(),
  };
  if (config.foreignIssuer) {
    const elsewhere = openElsewhere(running, { ...people, denylist, config });
    return createAppElsewhere({ ...people, ...elsewhere });
  }
  const { issuer, audience } = config.tokens;
  const mailer = config.mail && await openMailer(config.mail, identity);
  const mail = running.use(new MailDelivery({ ...stores, ...means, mailer, issuer }));
  const signingKeys = running.use(new SigningKeyFile({ ...config.signingKeys, log }));
  const sender = { shownBy: shownBehindEdge(config.edgeOrigins) };
  return createApp({
    ...people,
    ...config,
    issuer,
    audience,
    passwords,
    attempts: attemptsIn(redis, ciphers),
    recovery: new RecoveryCodes(ciphers.recoveryCodes),
    mail,
    signingKeys,
    tellClients: callingClients(running.use(openWebFetch()).fetch),
    adapter: oidcAdapterFor(stores.grants, now),
    authenticate: ownAuthenticator(config.tokens, signingKeys, now, { ...denylist, sender }),
  });
}

/** Counted in Redis for all replicas, where there is one. */
function attemptsIn(redis: Redis | undefined, { attempts }: Ciphers): SignInAttempts {
  const own = new LoginAttempts();
  return redis ? new RedisLoginAttempts(redis, attempts, own) : own;
}
