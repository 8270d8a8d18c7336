import { randomBytes } from "node:crypto";
import { openDiscovery } from "platform/discovery";
import { loadConfigOrExit, runProgram } from "platform/lifecycle";
import { createLogger, metricsHandler, serveAdmin } from "platform/telemetry";
import { openTlsIdentity, serveMutualTls, type TlsIdentity } from "platform/tls";
import { FileStateStore, MemoryStateStore } from "./adapters/mod.ts";
import { createAdminApi, serveAdminApi } from "./admin/mod.ts";
import { loadConfig } from "./config.ts";
import { ConfigFile } from "./config_file.ts";
import { type Edge, openEdge } from "./edge.ts";
import { keptGatewayConfigOf } from "./gateway_config.ts";
import { LiveGateway } from "./live_gateway.ts";

const config = loadConfigOrExit("gateway", () => loadConfig((name) => Deno.env.get(name)));
const log = createLogger({ service: "gateway", level: config.logLevel });

await runProgram(log, async (running) => {
  const admin = running.use(serveAdmin({ hostname: "127.0.0.1", port: config.adminPort }));
  const identity = running.use(await openTlsIdentity(config.tls, { log }));
  const discovery = running.use(await openDiscovery(config.discovery, { identity, log }));
  const edge = await openEdge(running, { config, identity, discovery, log });

  const store = config.statePath === undefined
    ? new MemoryStateStore()
    : new FileStateStore(config.statePath);
  const kept = await store.load(config.file.text);
  const live: LiveGateway = new LiveGateway({
    config: kept ? keptGatewayConfigOf(kept, config.tokens.issuer) : config.gateway,
    open: (gateway) => edge.open(gateway),
    save: (state) => store.save({ state, base: file.text }),
    onInForce: (state) => edge.inForce(state),
    log,
  });
  const file = running.use(
    new ConfigFile({ ...config.file, replace: (gateway) => live.replace(gateway), log }),
  );
  running.use(onReloadSignal(() => file.reload()));

  const port = await edge.serve(live);
  await serveOperators(running, { live, identity, edge });
  running.use(admin.declareReady());
  running.use(discovery.register({ program: "gateway", port }));
});

interface Operated {
  readonly live: LiveGateway;
  readonly identity: TlsIdentity;
  readonly edge: Edge;
}

/** The Admin API, over mutual TLS and in development in plain HTTP on loopback; and the figures. */
async function serveOperators(
  running: AsyncDisposableStack,
  { live, identity, edge }: Operated,
): Promise<void> {
  const newId = () => crypto.randomUUID();
  const newSecret = () => randomBytes(24).toString("base64url");
  const facts = { nodeId: newId(), hostname: config.edge.hostname, counts: () => live.counts() };
  const tools = { now: () => new Date(), newId, newSecret };
  const api = createAdminApi({ live, tools, facts, pools: edge.pools, log });
  const figures = metricsHandler(edge.metrics);
  const callers = new Map<string, "any" | string[]>([
    ["spiffe://sallyport/operator", "any"],
    ["spiffe://sallyport/prometheus", ["/metrics"]],
  ]);
  const options = { ...config.server, port: config.adminTlsPort, identity, log, callers };
  const server = await serveMutualTls(options, (request) => {
    return new URL(request.url).pathname === "/metrics" ? figures(request) : api.fetch(request);
  });
  running.use(server);
  if (config.adminApi) running.use(serveAdminApi(config.adminApi, api));
}

function onReloadSignal(reload: () => void): Disposable {
  Deno.addSignalListener("SIGHUP", reload);
  return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGHUP", reload) };
}
