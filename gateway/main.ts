import { createAuthenticator } from "platform/access";
import { loadConfigOrExit, runProgram } from "platform/lifecycle";
import { createLogger, serveAdmin } from "platform/telemetry";
import { openPeerFetch, openTlsIdentity, serveTls } from "platform/tls";
import { MemoryRequestCounter, StaticDiscovery } from "./adapters/mod.ts";
import { createApp } from "./app.ts";
import { loadConfig } from "./config.ts";
import { peerOf, type ServiceConfig } from "./gateway_config.ts";

const config = loadConfigOrExit("gateway", () => loadConfig((name) => Deno.env.get(name)));
const log = createLogger({ service: "gateway", level: config.logLevel });

await runProgram(log, async (running) => {
  const admin = running.use(serveAdmin({ hostname: "127.0.0.1", port: config.adminPort }));
  const identity = running.use(await openTlsIdentity(config.tls, { log }));
  const auth = running.use(openPeerFetch({ identity, peer: "spiffe://sallyport/auth" }));

  const peers = Map.groupBy(config.gateway.services, peerOf);
  const fetches = new Map([...peers].map(([peer, services]) => {
    const timeoutMs = Math.max(...services.map(patienceMs));
    return [peer, running.use(openPeerFetch({ identity, peer, timeoutMs })).fetch];
  }));

  const app = createApp({
    config: config.gateway,
    fetchFor: (peer) => fetches.get(peer)!,
    discovery: new StaticDiscovery(config.addresses),
    counters: new MemoryRequestCounter(),
    authenticate: createAuthenticator({ ...config.tokens, fetch: auth.fetch }),
    edge: config.edge,
    log,
    now: () => new Date(),
    newId: () => crypto.randomUUID(),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
  const server = await serveTls(
    { ...config.server, identity, log },
    (request, peer) => app.fetch(request, { peer }),
  );
  running.use(server);
  running.use(admin.declareReady());
});

/** Longer than the gateway itself waits for a service, so that it is the one to give up. */
function patienceMs(
  { connect_timeout: connectMs, write_timeout: writeMs, read_timeout: readMs }: ServiceConfig,
): number {
  return connectMs + writeMs + readMs + 1_000;
}
