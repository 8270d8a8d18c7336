import { type Handler, Hono } from "hono";
import type { Authenticate } from "platform/access";
import { runtimeResponse } from "platform/http1";
import { Problem, problemResponse } from "platform/problem";
import type { Logger, MetricsRegistry } from "platform/telemetry";
import { type Clock, type Pools, systemClock } from "./balancing/mod.ts";
import type { Service } from "./entities/mod.ts";
import { ConsumerDirectory } from "./consumer_directory.ts";
import { type ClientCertificate, Exchange } from "./exchange.ts";
import { type GatewayConfig, isPublic, type Trust, trustOf } from "./gateway_config.ts";
import { allowed, endsHere } from "./max_forwards.ts";
import type { AnswerCaches, RequestCounters } from "./plugin.ts";
import { type PluginChain, routeChain, type Tools } from "./plugin_chain.ts";
import { isPreflight } from "./plugins/mod.ts";
import { gatewayProblems } from "./problems.ts";
import type { LogSinks } from "./log_sinks.ts";
import { methodsOf, type RouteEntry, routeFor, routeTable } from "./route_table.ts";
import { refuse, serve, type Serving } from "./serving.ts";
import { discardUnread } from "./unread_body.ts";
import { type Door, Upstream } from "./upstream.ts";
import { upstreamProbe } from "./upstream_probe.ts";
import { asksForWebSocket, checkOrigin, type WebSockets } from "./web_socket/mod.ts";

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
  const { config, log, edge } = deps;
  const upstreams = upstreamsOf(deps);
  const isReady = upstreamProbe([...upstreams.values()], deps);
  const tools = toolsOf(deps);
  const chains = new Map(routeTable(config).map((entry) => [entry, chainOf(entry, tools)]));
  const unmatched = globalChain(config, tools);
  const hono = new Hono<Env>({ getPath: (_request, options) => options!.env!.target.path });

  const probes: Readonly<Record<string, () => Promise<boolean>>> = {
    "/livez": () => Promise.resolve(true),
    "/readyz": isReady,
  };
  for (const [path, isWell] of Object.entries(probes)) {
    const answer = async () => new Response(null, { status: await isWell() ? 204 : 503 });
    hono.get(path, ({ env }) => serve(env, { chain: unmatched, answer, log }));
    hono.all(path, ({ env }) => refuse(env, probeMethods, { chain: unmatched, log }));
  }
  for (const [entry, chain] of chains) {
    const { service } = entry.config;
    const upstream = service && upstreams.get(service.id);
    const door = service && doorOf(service, deps);
    const handler = routeHandler(entry, { chain, upstream, door, edge, log });
    hono.on(honoMethods(entry.methods), entry.path.honoPattern, handler);
  }
  hono.notFound(({ env }) => refuseUnmatched(env, { chains, unmatched, log }));
  // `serve` answers for whatever fails in it; this is for what fails between.
  hono.onError((thrown) => problemResponse(thrown));

  return {
    async fetch(request, info) {
      const startedMs = performance.now();
      const exchange = exchangeOf(request, info);
      const answer = await dispatch(hono, exchange, {
        chain: unmatched,
        edge: info?.edge ?? edge,
        log,
      });
      await discardUnread(exchange.request);
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

const probeMethods = ["GET", "HEAD"];

async function dispatch(
  hono: Hono<Env>,
  exchange: Exchange,
  { chain, edge, log }: { readonly chain: PluginChain; readonly edge: URL; readonly log: Logger },
): Promise<Response> {
  try {
    exchange.readTarget(edge);
  } catch (thrown) {
    const answer = () => Promise.reject(thrown);
    return await serve(exchange, { chain, answer, log });
  }
  return await hono.fetch(exchange.request, exchange);
}

interface RouteServing extends Omit<Serving, "answer"> {
  readonly upstream: Upstream | undefined;
  readonly door: Door | undefined;
  readonly edge: URL;
}

function routeHandler(
  { config, path, methods, conditions }: RouteEntry,
  { chain, upstream, door, edge, log }: RouteServing,
): Handler<Env> {
  const { route, plugins } = config;
  const isIdempotent = route.tags?.includes("idempotent") ?? false;
  return ({ env }, next) => {
    // Hono's pattern may fit more than the path does, and it takes a HEAD for a GET.
    const matched = path.isExact ? env.target.path : path.match(env.target.path);
    if (matched === undefined || !methods.has(env.request.method)) return next();
    if (!conditions.isNone && !conditions.hold(env)) return next();
    env.matched = config;
    env.matchedPath = path;
    const strip = route.strip_path ? matched : "";
    const rules = { preserveHost: route.preserve_host, strip, isIdempotent };
    const answer = () => {
      if (!upstream) return Promise.reject(noService());
      if (door && asksForWebSocket(env.request)) {
        checkOrigin(env, { plugins, edge });
        return upstream.upgrade(env, rules, door);
      }
      return endsHere(env.request) ? allowed(methods) : upstream.forward(env, rules);
    };
    return serve(env, { chain, answer, log });
  };
}

/** Where WebSockets to a service go through; undefined when there are none. */
function doorOf(service: Service, { webSockets, config, now }: Dependencies): Door | undefined {
  if (!webSockets) return undefined;
  return { webSockets, connect: webSockets.connectFor(trustOf(service, config.state)), now };
}

function noService(): Problem {
  return new Problem(gatewayProblems.noService);
}

function chainOf({ config: { route, plugins } }: RouteEntry, tools: Tools): PluginChain {
  return routeChain(plugins, { isPublic: isPublic(route), tools });
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

/** Hono looks for a GET where the request is a HEAD. */
function honoMethods(methods: ReadonlySet<string>): string[] {
  return [...new Set([...methods].map((method) => method === "HEAD" ? "GET" : method))];
}

interface Unmatched {
  readonly chains: ReadonlyMap<RouteEntry, PluginChain>;
  readonly unmatched: PluginChain;
  readonly log: Logger;
}

/** Answers what fits no route. A preflight is for the plugins of the route that it asks about. */
function refuseUnmatched(
  exchange: Exchange,
  { chains, unmatched, log }: Unmatched,
): Promise<Response> {
  const table = [...chains.keys()];
  const { request } = exchange;
  const known = methodsOf(table, exchange);
  const asked = isPreflight(request) &&
    routeFor(table, exchange, request.headers.get("access-control-request-method")!);
  const chain = asked ? chains.get(asked)!.withoutRoute() : unmatched;
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
