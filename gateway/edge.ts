import { createAuthenticator } from "platform/access";
import { type Discovery, openPeer } from "platform/discovery";
import { openRedisLink } from "platform/redis";
import { openSignatureVerifier } from "platform/signatures";
import { type Logger, MetricsRegistry } from "platform/telemetry";
import {
  ClientAuthorities,
  serveClientTls,
  ServerCertificates,
  serveTls,
  type TlsIdentity,
} from "platform/tls";
import {
  MemoryAnswerCache,
  MemoryRequestCounter,
  RedisAnswerCache,
  RedisRequestCounter,
} from "./adapters/mod.ts";
import { createApp, type Dependencies, type GatewayApp } from "./app.ts";
import { Pools, systemClock, tcpConnect } from "./balancing/mod.ts";
import type { Config } from "./config.ts";
import type { State } from "./entities/mod.ts";
import type { GatewayConfig, Trust } from "./gateway_config.ts";
import type { LiveGateway } from "./live_gateway.ts";
import { LogSinks } from "./log_sinks.ts";
import { registeredAuthorities } from "./registered_authorities.ts";
import { registeredCertificates } from "./registered_certificates.ts";
import { TrustedServers } from "./trusted_servers.ts";
import { WebSockets } from "./web_socket/mod.ts";

/** What the whole program has one of. */
export interface EdgeTools {
  readonly config: Config;
  readonly identity: TlsIdentity;
  readonly discovery: Discovery;
  readonly log: Logger;
}

/** All that outlives a configuration: connections, counts, copies, logs. */
export interface Edge {
  readonly metrics: MetricsRegistry;
  readonly pools: Pools;
  /** What answers by `config`. */
  open(config: GatewayConfig): GatewayApp;
  /** Told of each state that is in force from then on. */
  inForce(state: State): void;
  /** Listens on both edges. @returns the port of the public one. */
  serve(live: LiveGateway): Promise<number>;
}

/** Opens what requests need, and gives it to `running`. */
export async function openEdge(running: AsyncDisposableStack, tools: EdgeTools): Promise<Edge> {
  const { config, identity, discovery, log } = tools;
  const servers = running.use(new TrustedServers(identity));
  const fetchFor = (trust: Trust) => servers.fetchFor(trust);
  const pools = running.use(
    new Pools({ discovery, fetchFor, connect: tcpConnect, clock: systemClock, log }),
  );
  const connectFor = (trust: Trust) => servers.connectFor(trust);
  const webSockets = new WebSockets({ connectFor, clock: systemClock });
  const metrics = new MetricsRegistry();
  const authorities = new ClientAuthorities();
  const certificates = new ServerCertificates();
  const deps: Omit<Dependencies, "config"> = {
    fetchFor,
    pools,
    webSockets,
    metrics,
    ...await openStores(running, tools),
    authenticate: openAuthenticator(running, tools),
    logs: running.use(new LogSinks({ dir: config.logDir, fetch, metrics, log })),
    edge: config.edge,
    log,
    now: () => new Date(),
    newId: () => crypto.randomUUID(),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
  return {
    metrics,
    pools,
    open: (gateway) => createApp({ ...deps, config: gateway }),
    inForce(state) {
      pools.adopt(state);
      authorities.take(registeredAuthorities(state));
      certificates.take(registeredCertificates(state));
    },
    async serve(live) {
      const port = await listen(running, { ...tools, live, authorities, certificates });
      // Ended before the servers drain: they would wait for them.
      running.use(webSockets);
      return port;
    },
  };
}

function openAuthenticator(
  running: AsyncDisposableStack,
  { config, identity, discovery, log }: EdgeTools,
): Dependencies["authenticate"] {
  const auth = running.use(openPeer({ identity, discovery, program: "auth" }));
  const verifier = running.use(openSignatureVerifier());
  log.info("Signature library chosen", { "service.signatures.library": verifier.library });
  return createAuthenticator({ ...config.tokens, fetch: auth.fetch, verifier });
}

/** Counts and copies: in Redis where there is one, and in the process. */
async function openStores(
  running: AsyncDisposableStack,
  { config, identity, log }: EdgeTools,
): Promise<Pick<Dependencies, "counters" | "cache">> {
  const redis = running.use(await openRedisLink(config.redis, { identity, log }));
  const counter = new MemoryRequestCounter();
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
  readonly live: LiveGateway;
  readonly authorities: ClientAuthorities;
  readonly certificates: ServerCertificates;
}

async function listen(
  running: AsyncDisposableStack,
  { config, identity, log, live, authorities, certificates }: Listening,
): Promise<number> {
  const options = { ...config.server, identity, log };
  const server = await serveTls(
    { ...options, certificates },
    (request, peer) => live.fetch(request, { peer }),
  );
  running.use(server);
  const edge = new URL(config.edge);
  edge.port = String(config.mtlsPort);
  running.use(
    await serveClientTls(
      { ...options, port: config.mtlsPort, authorities },
      (request, peer) => live.fetch(request, { peer, edge }),
    ),
  );
  return server.port;
}
