import { type Handler, Hono } from "hono";
import type { Authenticate } from "platform/access";
import { asProblem, Problem, problemResponse, problemTypes } from "platform/problem";
import type { Logger } from "platform/telemetry";
import { Exchange } from "./exchange.ts";
import { type GatewayConfig, peerOf, type ServiceConfig } from "./gateway_config.ts";
import { type PluginChain, routeChain, type Scope, type Tools } from "./plugin_chain.ts";
import { isPreflight } from "./plugins/cors.ts";
import type { Discovery, RequestCounter } from "./ports.ts";
import { methodsOf, type RouteEntry, routeFor, routeTable } from "./route_table.ts";
import { discardUnread } from "./unread_body.ts";
import { Upstream } from "./upstream.ts";
import { upstreamProbe } from "./upstream_probe.ts";

/** All that the gateway needs from outside. Tests pass fakes; `main.ts` passes the real ones. */
export interface Dependencies {
  readonly config: GatewayConfig;
  /** `fetch` that reaches the programs with this SPIFFE ID and no others. */
  readonly fetchFor: (peer: string) => typeof fetch;
  readonly discovery: Discovery;
  readonly counters: RequestCounter;
  readonly authenticate: Authenticate;
  /** What clients call us. */
  readonly edge: URL;
  readonly log: Logger;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly wait: (ms: number) => Promise<void>;
}

/** What a runtime tells of a request's connection: our own server by `peer`, `Deno.serve` by `remoteAddr`. */
export interface ConnectionInfo {
  readonly peer?: { readonly clientIp: string };
  readonly remoteAddr?: Deno.Addr;
}

export interface GatewayApp {
  /** Answers any request: by a service, or with a problem. Never throws. */
  fetch(request: Request, info?: ConnectionInfo): Promise<Response>;
}

interface Env {
  Bindings: Exchange;
}

/** The edge: `gateway.yaml` says what is reached, by whom and within which limits. */
export function createApp(deps: Dependencies): GatewayApp {
  const { config, log, edge } = deps;
  const upstreams = upstreamsOf(deps);
  const isReady = upstreamProbe([...upstreams.values()], deps);
  const chains = new Map(routeTable(config).map((entry) => [entry, chainOf(entry, deps)]));
  const unmatched = globalChain(deps);
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
    const upstream = upstreams.get(entry.service.name)!;
    const handler = routeHandler(entry, { chain, upstream, log });
    hono.on(honoMethods(entry.methods), entry.path.honoPattern, handler);
  }
  hono.notFound(({ env }) => refuseUnmatched(env, { chains, unmatched, log }));
  // `serve` answers for whatever fails in it; this is for what fails between.
  hono.onError((thrown) => problemResponse(thrown));

  return {
    async fetch(request, info) {
      const startedMs = performance.now();
      const exchange = new Exchange(request, clientIpOf(info));
      const answer = await dispatch(hono, exchange, { chain: unmatched, edge, log });
      await discardUnread(request);
      // `Deno.serve` breaks off an HTTP/2 stream rather than leave the body of such an answer out.
      const response = request.method === "HEAD" && answer.body
        ? new Response(null, answer)
        : answer;
      logAnswer(log, exchange, { status: response.status, tookMs: performance.now() - startedMs });
      return response;
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

interface Serving {
  readonly chain: PluginChain;
  readonly log: Logger;
  /** What happens when no plugin answers. */
  answer(exchange: Exchange): Response | Promise<Response>;
}

/** Plugins, answer, plugins: whatever is thrown on the way becomes a problem. */
async function serve(exchange: Exchange, { chain, answer, log }: Serving): Promise<Response> {
  let response: Response;
  try {
    response = await chain.access(exchange) ?? await answer(exchange);
  } catch (thrown) {
    const problem = asProblem(thrown);
    if (problem.kind.status >= 500 && !exchange.request.signal.aborted) {
      log.failure("Cannot answer request", problem, { "http.request.id": exchange.requestId });
    }
    response = problemResponse(problem);
  }
  return chain.finish(exchange, response);
}

function routeHandler(
  { route, path, methods }: RouteEntry,
  { chain, upstream, log }: Omit<Serving, "answer"> & { readonly upstream: Upstream },
): Handler<Env> {
  const isIdempotent = route.tags.includes("idempotent");
  return ({ env }, next) => {
    // Hono's pattern may fit more than the path does, and it takes a HEAD for a GET.
    const matched = path.isExact ? env.target.path : path.match(env.target.path);
    if (matched === undefined || !methods.has(env.request.method)) return next();
    const strip = route.strip_path ? matched : "";
    const rules = { preserveHost: route.preserve_host, strip, isIdempotent };
    const answer = () => upstream.forward(env, rules);
    return serve(env, { chain, answer, log });
  };
}

function chainOf({ service, route }: RouteEntry, deps: Dependencies): PluginChain {
  const scopes: Scope[] = [
    globalScope(deps),
    { place: `service ${service.name}`, plugins: service.plugins },
    { place: `route ${route.name}`, plugins: route.plugins },
  ];
  return routeChain(scopes, { isPublic: route.tags.includes("public"), tools: toolsOf(deps) });
}

/** For requests that no route is found for. */
function globalChain(deps: Dependencies): PluginChain {
  return routeChain([globalScope(deps)], { isPublic: true, tools: toolsOf(deps) }).withoutRoute();
}

function globalScope({ config: { plugins } }: Dependencies): Scope {
  return { place: "global", plugins };
}

function toolsOf({ authenticate, counters, now, newId, edge }: Dependencies): Tools {
  return { authenticate, counters, now, newId, edge };
}

function upstreamsOf(
  { config, fetchFor, discovery, edge, wait }: Dependencies,
): ReadonlyMap<string, Upstream> {
  const open = (service: ServiceConfig) =>
    new Upstream({ service, discovery, fetch: fetchFor(peerOf(service)), edge, wait });
  return new Map(config.services.map((service) => [service.name, open(service)]));
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
  const { request, target: { path } } = exchange;
  const known = methodsOf(table, path);
  const asked = isPreflight(request) &&
    routeFor(table, path, request.headers.get("access-control-request-method")!);
  const chain = asked ? chains.get(asked)!.withoutRoute() : unmatched;
  return refuse(exchange, known, { chain, log });
}

/** 404 for a path that nobody knows, 405 for a method that its routes do not. */
function refuse(
  exchange: Exchange,
  known: readonly string[],
  serving: Omit<Serving, "answer">,
): Promise<Response> {
  exchange.isPathKnown = known.length > 0;
  const problem = exchange.isPathKnown
    ? new Problem(problemTypes.methodNotAllowed, { headers: { allow: known.join(", ") } })
    : new Problem(problemTypes.notFound);
  return serve(exchange, { ...serving, answer: () => Promise.reject(problem) });
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
