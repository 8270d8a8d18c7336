import { randomBytes } from "node:crypto";
import { type Discovery, openDiscovery } from "platform/discovery";
import { loadConfigOrExit, runProgram } from "platform/lifecycle";
import { createLogger, serveAdmin } from "platform/telemetry";
import { openTlsIdentity, serveMutualTls, type TlsIdentity } from "platform/tls";
import { FileStateStore, MemoryRequestCounter, MemoryStateStore } from "./adapters/mod.ts";
import { createAdminApi, serveAdminApi } from "./admin/mod.ts";
import { loadConfig } from "./config.ts";
import { ConfigFile } from "./config_file.ts";
import { openEdge } from "./edge.ts";
import type { Edges } from "./edges.ts";
import { figuresHandler } from "./figures_handler.ts";
import { type GatewayConfig, keptGatewayConfigOf } from "./gateway_config.ts";
import { LiveGateway } from "./live_gateway.ts";
import { openWorkers, type Workers } from "./workers/mod.ts";

const config = loadConfigOrExit(
  "gateway",
  () => loadConfig((name) => Deno.env.get(name), Deno.args),
);
const log = createLogger({ service: "gateway", level: config.logLevel });

await runProgram(log, async (running, _stopping, fail) => {
  const admin = running.use(serveAdmin({ hostname: "127.0.0.1", port: config.adminPort }));
  const identity = running.use(await openTlsIdentity(config.tls, { log }));
  const discovery = running.use(await openDiscovery(config.discovery, { identity, log }));
  const store = config.statePath === undefined
    ? new MemoryStateStore()
    : new FileStateStore(config.statePath);
  const kept = await store.load(config.file.text);
  const gateway = kept ? keptGatewayConfigOf(kept, config.tokens.issuer) : config.gateway;
  const edges = await openEdges(running, { gateway, identity, discovery, fail });
  const live = new LiveGateway({
    config: gateway,
    edges,
    save: (state) => store.save({ state, base: file.text }),
    log,
  });
  const file: ConfigFile = running.use(
    new ConfigFile({ ...config.file, replace: (gateway) => live.replace(gateway), log }),
  );
  running.use(onReloadSignal(() => file.reload()));

  const { server, mtlsPort } = config;
  const { port } = await edges.serve({ port: server.port, mtlsPort });
  await serveOperators(running, { live, identity, edges });
  const answer = async () => void await edges.counts();
  running.use(admin.declareReady([{ name: "edges", check: answer }]));
  running.use(discovery.register({ program: "gateway", port }));
});

interface EdgeNeeds {
  readonly gateway: GatewayConfig;
  readonly identity: TlsIdentity;
  readonly discovery: Discovery;
  readonly fail: (thrown: unknown) => void;
}

/** In this thread, or in as many workers as there are to be. */
async function openEdges(
  running: AsyncDisposableStack,
  { gateway, identity, discovery, fail }: EdgeNeeds,
): Promise<Edges & Pick<Workers, "serve">> {
  const { workers: count, server: { drainMs } } = config;
  if (count === 1) {
    const counter = new MemoryRequestCounter();
    const tools = { config, gateway, identity, discovery, counter, threads: 1, log };
    return await openEdge(running, tools);
  }
  return running.use(await openWorkers({ count, gateway, drainMs, fail, log }));
}

interface Operated {
  readonly live: LiveGateway;
  readonly identity: TlsIdentity;
  readonly edges: Edges;
}

/** The Admin API, over mutual TLS and in development in plain HTTP on loopback; and the figures. */
async function serveOperators(
  running: AsyncDisposableStack,
  { live, identity, edges }: Operated,
): Promise<void> {
  const newId = () => crypto.randomUUID();
  const newSecret = () => randomBytes(24).toString("base64url");
  const facts = { nodeId: newId(), hostname: config.edge.hostname };
  const tools = { now: () => new Date(), newId, newSecret };
  const api = createAdminApi({ live, tools, facts, edges, log });
  const figures = figuresHandler(edges, log);
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
