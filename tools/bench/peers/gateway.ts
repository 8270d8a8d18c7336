/**
 * The gateway as the comparison with other gateways starts it, once for each of its modes: our own app behind
 * our own server and our own client, with the comparison's certificates and its upstream.
 *
 * Read from the environment: PORT, UP, PKI, WORK, MODE, JWKS and REDIS_PORT.
 */
import { createAuthenticator } from "platform/access";
import { openSignatureVerifier } from "platform/signatures";
import {
  createLogger,
  lineWriter,
  type Logger,
  MetricsRegistry,
  silentLogger,
} from "platform/telemetry";
import { openServerFetch, openTlsIdentity, serveTls, type TlsIdentity } from "platform/tls";
import { MemoryAnswerCache, MemoryRequestCounter, RedisRequestCounter } from "gateway/adapters";
import { createApp } from "gateway";
import { Pools, systemClock, tcpConnect } from "gateway/balancing";
import { parseGatewayConfig } from "gateway/configuration";
import { LogSinks } from "gateway/logs";
import { openPlainRedis } from "./plain_redis.ts";

const modes = ["proxy", "jwt", "rl", "redis", "full"] as const;

const variables = Deno.env.toObject();
const asked = modes.indexOf(variables.MODE as typeof modes[number]);
const has = (mode: typeof modes[number]) => asked >= modes.indexOf(mode);

function identityOf(name: "server" | "client"): Promise<TlsIdentity> {
  const file = (end: string) => `${variables.PKI}/${end}`;
  const files = {
    certFile: file(`${name}.pem`),
    keyFile: file(`${name}.key`),
    caFile: file("ca.pem"),
  };
  return openTlsIdentity(files, { log: silentLogger });
}

/** Limits far above the load: the work of counting is done, and nothing is refused. */
function configuration(): string {
  const redis = { policy: "redis", "redis_host": "localhost" };
  const limits = { second: 1_000_000, hour: 1_000_000_000, ...has("redis") && redis };
  const figures = {
    name: "prometheus",
    config: { status_code_metrics: true, latency_metrics: true },
  };
  return JSON.stringify({
    _format_version: "3.0",
    plugins: has("full") ? [figures] : [],
    services: [{
      name: "upstream",
      url: `https://localhost:${variables.UP}`,
      routes: [{
        name: "all",
        paths: ["/"],
        strip_path: false,
        tags: has("jwt") ? [] : ["public"],
        plugins: has("rl") ? [{ name: "rate-limiting", config: limits }] : [],
      }],
    }],
  });
}

async function counterOf(): Promise<RedisRequestCounter | MemoryRequestCounter> {
  if (!has("redis")) return new MemoryRequestCounter();
  const redis = await openPlainRedis(Number(variables.REDIS_PORT));
  return new RedisRequestCounter(redis, new MemoryRequestCounter());
}

function logger(): Logger {
  if (!has("full")) return createLogger({ service: "gateway", level: "warn" });
  const path = `${variables.WORK}/sallyport-access.log`;
  const file = Deno.openSync(path, { append: true, create: true });
  return createLogger({ service: "gateway", write: lineWriter(file) });
}

const log = logger();
const [identity, ownIdentity] = [await identityOf("server"), await identityOf("client")];
const { fetch } = openServerFetch({ identity: ownIdentity });
const fetchFor = () => fetch;
const jwks = await Deno.readTextFile(variables.JWKS!);
const counter = await counterOf();
const copies = new MemoryAnswerCache();
const metrics = new MetricsRegistry();
const app = createApp({
  config: parseGatewayConfig(configuration(), "the comparison's configuration"),
  fetchFor,
  pools: new Pools({
    discovery: { watch: () => undefined },
    fetchFor,
    connect: tcpConnect,
    clock: systemClock,
    log,
  }),
  counters: { local: counter, redis: counter, redisAlone: counter },
  cache: { memory: copies, redis: copies },
  metrics,
  logs: new LogSinks({ dir: undefined, fetch, metrics, log }),
  authenticate: createAuthenticator({
    issuer: "https://issuer.bench.local/",
    audience: "api://bench",
    jwksUri: "https://issuer.bench.local/jwks",
    clientId: "gateway",
    fetch: () => Promise.resolve(new Response(jwks)),
    verifier: openSignatureVerifier(),
    // Off by a variable of its own, for the row in which every token is verified.
    ...variables.JWT_CACHE === "0" && { verifiedTokensMax: 0 },
  }),
  edge: new URL(`https://127.0.0.1:${variables.PORT}`),
  log,
  now: () => new Date(),
  newId: () => crypto.randomUUID(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});
await serveTls(
  { hostname: "127.0.0.1", port: Number(variables.PORT), identity, log, drainMs: 1_000 },
  (request, peer) => app.fetch(request, { peer }),
);
