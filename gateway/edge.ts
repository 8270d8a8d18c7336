import { createAuthenticator, shownAtEdge } from "platform/access";
import { openDenylist } from "platform/denylist";
import type { Discovery } from "platform/discovery";
import { openIssuer } from "platform/issuer";
import { openFilesMax } from "platform/lifecycle";
import { openRedisLink, type Redis } from "platform/redis";
import { openSignatureVerifier } from "platform/signatures";
import { type Logger, MetricsRegistry } from "platform/telemetry";
import {
  ClientAuthorities,
  serveClientTls,
  ServerCertificates,
  serveTls,
  type TlsIdentity,
} from "platform/tls";
import { MemoryAnswerCache, RedisAnswerCache, RedisRequestCounter } from "./adapters/mod.ts";
import { createApp, type Dependencies } from "./app.ts";
import { Pools, systemClock, tcpConnect } from "./balancing/mod.ts";
import type { Settings } from "./config.ts";
import { connectionLimits } from "./connection_limits.ts";
import { type Edges, threadEdges } from "./edges.ts";
import type { GatewayConfig, Trust } from "./gateway_config.ts";
import { LiveApp } from "./live_app.ts";
import { LogSinks } from "./log_sinks.ts";
import { registeredAuthorities } from "./registered_authorities.ts";
import { registeredCertificates } from "./registered_certificates.ts";
import { TrustedServers } from "./trusted_servers.ts";
import { shareOf } from "./node_share.ts";
import type { RequestCounter } from "./ports.ts";
import { defaultWebSocketLimits, WebSockets } from "./web_socket/mod.ts";

/** What a thread has one of. */
export interface EdgeTools {
  readonly config: Settings;
  /** What is in force first. */
  readonly gateway: GatewayConfig;
  readonly identity: TlsIdentity;
  readonly discovery: Discovery;
  /** Counts for this node. */
  readonly counter: RequestCounter;
  /** How many threads share the ports, and what the node may have of connections and WebSockets. */
  readonly threads: number;
  readonly log: Logger;
}

/** Where the two edges listen. */
export interface EdgePorts {
  readonly port: number;
  readonly mtlsPort: number;
}

/** The edges of this thread, and all of theirs that outlives a configuration: connections, counts, copies, logs. */
export interface Edge extends Edges {
  /** Listens on both edges. @returns where. */
  serve(ports: EdgePorts): Promise<EdgePorts>;
}

/** Opens what requests need, and gives it to `running`. */
export async function openEdge(running: AsyncDisposableStack, tools: EdgeTools): Promise<Edge> {
  const { config, identity, discovery, threads, log } = tools;
  const servers = running.use(new TrustedServers(identity));
  const fetchFor = (trust: Trust) => servers.fetchFor(trust);
  const pools = running.use(
    new Pools({ discovery, fetchFor, connect: tcpConnect, clock: systemClock, log }),
  );
  const connectFor = (trust: Trust) => servers.connectFor(trust);
  const socketsMax = shareOf(defaultWebSocketLimits.socketsMax, threads);
  const webSockets = new WebSockets({ connectFor, clock: systemClock, limits: { socketsMax } });
  const metrics = new MetricsRegistry();
  const authorities = new ClientAuthorities();
  const certificates = new ServerCertificates();
  const redis = running.use(await openRedisLink(config.redis, { identity, log }));
  const stores = openStores(redis, tools);
  const deps: Omit<Dependencies, "config"> = {
    fetchFor,
    pools,
    webSockets,
    metrics,
    ...stores,
    authenticate: await openAuthenticator(running, { redis, ...stores }, tools),
    logs: running.use(new LogSinks({ dir: config.logDir, fetch, metrics, log })),
    edge: config.edge,
    log,
    now: () => new Date(),
    newId: () => crypto.randomUUID(),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
  const app = new LiveApp({
    config: tools.gateway,
    open: (gateway) => createApp({ ...deps, config: gateway }),
    ready(state) {
      const pems = registeredAuthorities(state);
      const takeCertificates = certificates.ready(registeredCertificates(state));
      return () => {
        pools.adopt(state);
        authorities.take(pems);
        takeCertificates();
      };
    },
  });
  return {
    ...threadEdges({ app, pools, metrics }),
    async serve(ports) {
      const listening = await listen(running, { ...tools, ports, app, authorities, certificates });
      // Ended before the servers drain: they would wait for them.
      running.use(webSockets);
      return listening;
    },
  };
}

async function openAuthenticator(
  running: AsyncDisposableStack,
  { redis, counters }: Pick<Dependencies, "counters"> & { readonly redis: Redis | undefined },
  { config, identity, discovery, log }: EdgeTools,
): Promise<Dependencies["authenticate"]> {
  const { foreignIssuer } = config;
  const issuer = running.use(openIssuer({ identity, discovery, foreignIssuer }));
  const verifier = running.use(openSignatureVerifier());
  log.info("Signature library chosen", { "service.signatures.library": verifier.library });
  const { accountEventsPath: path = "" } = config;
  const denylist = running.use(await openDenylist({ path, redis, log, now: () => new Date() }));
  const sender = {
    shownBy: shownAtEdge(originsOf(config)),
    isFirst: (name: string) => isFirst(counters.redis, name),
  };
  const { fetch } = issuer;
  return createAuthenticator({ ...config.tokens, ...denylist, sender, fetch, verifier });
}

/** By which names clients call the two edges. */
function originsOf({ edge, mtlsPort }: Settings): readonly string[] {
  return [edge.origin, `https://${edge.hostname}:${mtlsPort}`];
}

/** Proofs of possession are counted as requests are: by all threads and nodes together, and no two pass. */
async function isFirst(counter: RequestCounter, name: string): Promise<boolean> {
  const once = { unit: "minute", requestsMax: 1, windowType: "sliding" } as const;
  return (await counter.take(`dpop ${name}`, [once], new Date())).taken;
}

/** Counts and copies: in Redis where there is one, and in the process. */
function openStores(
  redis: Redis | undefined,
  { counter }: EdgeTools,
): Pick<Dependencies, "counters" | "cache"> {
  const copies = new MemoryAnswerCache();
  return {
    counters: {
      local: counter,
      redis: redis ? new RedisRequestCounter(redis, counter) : counter,
      redisAlone: redis ? new RedisRequestCounter(redis) : counter,
    },
    cache: { memory: copies, redis: redis ? new RedisAnswerCache(redis) : copies },
  };
}

interface Listening extends EdgeTools {
  readonly ports: EdgePorts;
  readonly app: LiveApp;
  readonly authorities: ClientAuthorities;
  readonly certificates: ServerCertificates;
}

async function listen(
  running: AsyncDisposableStack,
  { config, identity, threads, log, ports, app, authorities, certificates }: Listening,
): Promise<EdgePorts> {
  const reusePort = threads > 1;
  const files = openFilesMax();
  const limits = connectionLimits({ threads, openFilesMax: files });
  log.info("Connections are bounded", {
    "server.connections.max": limits.connectionsMax,
    "process.unix.file_descriptor.limit": files,
  });
  const options = { ...config.server, port: ports.port, identity, log, reusePort, limits };
  const server = await serveTls(
    { ...options, certificates },
    (request, peer) => app.fetch(request, { peer }),
  );
  running.use(server);
  const edge = new URL(config.edge);
  const mutual = await serveClientTls(
    { ...options, port: ports.mtlsPort, authorities },
    (request, peer) => app.fetch(request, { peer, edge }),
  );
  running.use(mutual);
  edge.port = String(mutual.port);
  return { port: server.port, mtlsPort: mutual.port };
}
