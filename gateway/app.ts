import { Hono } from "hono";
import type { Authenticate } from "platform/access";
import { runtimeResponse } from "platform/http1";
import { problemResponse } from "platform/problem";
import type { Logger, MetricsRegistry } from "platform/telemetry";
import { type Clock, type Pools, systemClock } from "./balancing/mod.ts";
import { ConsumerDirectory } from "./consumer_directory.ts";
import { type ClientCertificate, Exchange } from "./exchange.ts";
import { type GatewayConfig, type Trust, trustOf } from "./gateway_config.ts";
import type { AnswerCaches, RequestCounters } from "./plugin.ts";
import { type PluginChain, routeChain, type Tools } from "./plugin_chain.ts";
import { isPreflight } from "./plugins/mod.ts";
import type { LogSinks } from "./log_sinks.ts";
import { chainOf, doorOf, routeServing } from "./route_serving.ts";
import { type RouteEntry, RouteTable } from "./route_table.ts";
import { refuse, serve } from "./serving.ts";
import { discardUnread } from "./unread_body.ts";
import { Upstream } from "./upstream.ts";
import { upstreamProbe } from "./upstream_probe.ts";
import { asksForWebSocket, type WebSockets } from "./web_socket/mod.ts";

/** All that the gateway needs from outside. Tests pass fakes; `main.ts` passes the real ones. */
export interface Dependencies {
  readonly config: GatewayConfig;
  /** `fetch` that reaches the servers of this trust and no others. */
  readonly fetchFor: (trust: Trust) => typeof fetch;
  /** Where services are. Made once, for all configurations to come. */
  readonly pools: Pick<Pools, "reach">;
  readonly counters: RequestCounters;
  readonly cache: AnswerCaches;
  readonly metrics: MetricsRegistry;
  readonly logs: LogSinks;
  readonly authenticate: Authenticate;
  /** What clients call us. */
  readonly edge: URL;
  readonly log: Logger;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly wait: (ms: number) => Promise<void>;
  /** Without, a request for one is answered as a plain GET. */
  readonly webSockets?: WebSockets;
  /** The one that `pools` goes by; the system's when absent. */
  readonly clock?: Clock;
}

/** What a runtime tells of a request's connection: our own server by `peer`, `Deno.serve` by `remoteAddr`. */
export interface ConnectionInfo {
  readonly peer?: {
    readonly clientIp: string;
    readonly serverName?: string;
    readonly certificate?: ClientCertificate | undefined;
  };
  readonly remoteAddr?: Deno.Addr;
  /** What clients of this listener call us, when it is not what most do. */
  readonly edge?: URL;
}

export interface GatewayApp {
  /** Answers any request: by a service, or with a problem. Never throws. */
  fetch(request: Request, info?: ConnectionInfo): Promise<Response>;
}

interface Env {
  Bindings: Exchange;
}

/** The edge: the configuration says what is reached, by whom and within which limits. */
export function createApp(deps: Dependencies): GatewayApp {
  const { config, log, edge: usualEdge } = deps;
  const upstreams = upstreamsOf(deps);
  const tools = toolsOf(deps);
  const table = new RouteTable(config);
  const chains = new Map(table.entries.map((entry) => [entry, chainOf(entry, tools)]));
  const unmatched = globalChain(config, tools);
  const others = otherRequests({ table, chains, unmatched, log }, {
    "/livez": () => Promise.resolve(true),
    "/readyz": upstreamProbe([...upstreams.values()], deps),
  });
  const servings = new Map([...chains].map(([entry, chain]) => {
    const { service } = entry.config;
    const upstream = service && upstreams.get(service.id);
    const door = service && doorOf(service, deps);
    return [entry, routeServing(entry, { chain, upstream, door, edge: usualEdge, log })];
  }));

  const answerTo = async (exchange: Exchange, edge: URL): Promise<Response> => {
    try {
      exchange.readTarget(edge);
    } catch (thrown) {
      return await serve(exchange, { chain: unmatched, answer: () => Promise.reject(thrown), log });
    }
    const { request, target: { path } } = exchange;
    const found = isProbe(path) ? undefined : table.find(exchange, request.method);
    if (!found) return await others.fetch(request, exchange);
    return await servings.get(found.entry)!(exchange, found.matched);
  };

  return {
    async fetch(request, info) {
      const startedMs = performance.now();
      const exchange = exchangeOf(request, info);
      // `serve` answers for whatever fails in it; this is for what fails between.
      const answer = await answerTo(exchange, info?.edge ?? usualEdge).catch(problemResponse);
      if (exchange.request.body) await discardUnread(exchange.request);
      // `Deno.serve` breaks off an HTTP/2 stream rather than leave the body of such an answer out.
      const response = request.method === "HEAD" && answer.body
        ? new Response(null, answer)
        : answer;
      const tookMs = performance.now() - startedMs;
      logAnswer(log, exchange, { status: response.status, tookMs });
      const { status, headers } = response;
      exchange.onAnswered?.({ status, tookMs, upstreamMs: exchange.upstreamMs, headers });
      // Our own server takes an answer as it is; the runtime's takes its own kind only.
      return info?.peer ? response : runtimeResponse(response);
    },
  };
}

const probePaths = ["/livez", "/readyz"] as const;
const probeMethods = ["GET", "HEAD"];

function isProbe(path: string): boolean {
  return probePaths.some((probe) => probe === path);
}

/** What is for no route: the gateway's own probes, and what must be refused. */
function otherRequests(
  needs: Unmatched,
  probes: Readonly<Record<typeof probePaths[number], () => Promise<boolean>>>,
): Hono<Env> {
  const { unmatched: chain, log } = needs;
  const hono = new Hono<Env>({ getPath: (_request, options) => options!.env!.target.path });
  for (const path of probePaths) {
    const answer = async () => new Response(null, { status: await probes[path]() ? 204 : 503 });
    hono.get(path, ({ env }) => serve(env, { chain, answer, log }));
    hono.all(path, ({ env }) => refuse(env, probeMethods, { chain, log }));
  }
  hono.notFound(({ env }) => refuseUnmatched(env, needs));
  hono.onError((thrown) => problemResponse(thrown));
  return hono;
}

/** For requests that no route is found for. */
function globalChain({ plugins }: GatewayConfig, tools: Tools): PluginChain {
  return routeChain(plugins, { isPublic: true, tools }).withoutRoute();
}

function toolsOf({ config: { state, issuer }, ...given }: Dependencies): Tools {
  return { ...given, state, issuer, directory: new ConsumerDirectory(state) };
}

/** By the id of the service. */
function upstreamsOf(
  { config: { routes, state }, fetchFor, pools, edge, wait, newId, clock = systemClock }:
    Dependencies,
): ReadonlyMap<string, Upstream> {
  const services = new Set(routes.flatMap(({ service }) => service ?? []));
  return new Map([...services].map((service) => {
    const fetch = fetchFor(trustOf(service, state));
    const reach = pools.reach(service, state);
    return [service.id, new Upstream({ service, reach, fetch, edge, wait, newId, clock })];
  }));
}

interface Unmatched {
  readonly table: RouteTable;
  readonly chains: ReadonlyMap<RouteEntry, PluginChain>;
  readonly unmatched: PluginChain;
  readonly log: Logger;
}

/** Answers what fits no route. A preflight is for the plugins of the route that it asks about. */
function refuseUnmatched(
  exchange: Exchange,
  { table, chains, unmatched, log }: Unmatched,
): Promise<Response> {
  const { request } = exchange;
  const known = table.methodsOf(exchange);
  const asked = isPreflight(request) &&
    table.find(exchange, request.headers.get("access-control-request-method")!);
  const chain = asked ? chains.get(asked.entry)!.withoutRoute() : unmatched;
  return refuse(exchange, known, { chain, log });
}

/** A request whose connection becomes a WebSocket can be read no more from then on: a copy of it can. */
function exchangeOf(request: Request, info: ConnectionInfo | undefined): Exchange {
  const { serverName, certificate } = info?.peer ?? {};
  const readable = asksForWebSocket(request) ? new Request(request) : request;
  const exchange = new Exchange(readable, clientIpOf(info), serverName, certificate);
  exchange.upgradable = request;
  return exchange;
}

function clientIpOf(info: ConnectionInfo | undefined): string {
  if (info?.peer) return info.peer.clientIp;
  return info?.remoteAddr && "hostname" in info.remoteAddr ? info.remoteAddr.hostname : "";
}

interface Answered {
  readonly status: number;
  readonly tookMs: number;
}

/** Never the query, a header or a body: those carry codes, tokens and people's data. */
function logAnswer(
  log: Logger,
  { request: { method }, target: { path }, requestId }: Exchange,
  { status, tookMs }: Answered,
): void {
  log.info("Request answered", {
    "http.request.id": requestId,
    "http.request.method": method,
    "url.path": path,
    "http.response.status_code": status,
    // ECS counts durations in nanoseconds.
    "event.duration": Math.round(tookMs * 1e6),
  });
}
