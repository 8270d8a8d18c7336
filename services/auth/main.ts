import { relayOutbox } from "platform/events";
import { loadConfigOrExit, periodically, runProgram } from "platform/lifecycle";
import { createLogger, serveAdmin, withReadyz, withRequestLog } from "platform/telemetry";
import { openTlsIdentity, type Peer, serveMutualTls } from "platform/tls";
import { oidcAdapterFor, openStores, WorkerPasswords } from "./adapters/mod.ts";
import { createApp } from "./app.ts";
import { callers } from "./callers.ts";
import { clientAddressOf } from "./client_address.ts";
import { loadConfig } from "./config.ts";
import { addDemoUsers } from "./demo_users.ts";
import { ownAuthenticator } from "./signing_keys.ts";

/** What has expired is of no use to anyone: this only gives its room back. */
const sweepEveryMs = 60_000;

const now = () => new Date();

const config = loadConfigOrExit("auth", () => loadConfig((name) => Deno.env.get(name)));
const log = createLogger({ service: "auth", level: config.logLevel });

await runProgram(log, async (running) => {
  const admin = running.use(serveAdmin({ hostname: "127.0.0.1", port: config.adminPort }));
  const identity = running.use(await openTlsIdentity(config.tls, { log }));

  const stores = running.use(openStores(config.stores));
  const passwords = running.use(new WorkerPasswords());
  if (config.demoUsers) await addDemoUsers(config.demoUsers, stores.users, passwords, now());
  running.use(relayOutbox({ ...stores, log }));
  running.use(periodically({ name: "expired grants", everyMs: sweepEveryMs, log }, async () => {
    await stores.grants.sweep(now());
  }));

  const { issuer, audience } = config.tokens;
  const app = createApp({
    ...stores,
    ...config,
    issuer,
    audience,
    passwords,
    adapter: oidcAdapterFor(stores.grants, now),
    authenticate: ownAuthenticator(config.tokens, config.signingKeys, now),
    log,
    now,
    newId: () => crypto.randomUUID(),
  });
  const answer = (request: Request, peer: Peer) =>
    app.fetch(request, { clientAddress: clientAddressOf(request.headers, peer) });
  const handle = withReadyz(withRequestLog(log, answer));
  running.use(await serveMutualTls({ ...config.server, identity, callers, log }, handle));
  running.use(admin.declareReady());
});
