import type { Authenticate, Role } from "platform/access";
import { type Discovery, StaticDiscovery } from "platform/discovery";
import { Problem, problemTypes } from "platform/problem";
import { MetricsRegistry, silentLogger } from "platform/telemetry";
import { MemoryAnswerCache, MemoryRequestCounter } from "../adapters/mod.ts";
import { createAdminApi } from "../admin/mod.ts";
import { createApp, type Dependencies } from "../app.ts";
import { Pools, systemClock } from "../balancing/mod.ts";
import type { ClientCertificate } from "../exchange.ts";
import { LogSinks } from "../log_sinks.ts";
import type { State } from "../entities/mod.ts";
import { parseGatewayConfig, type Trust } from "../gateway_config.ts";
import { threadEdges } from "../edges.ts";
import { LiveApp } from "../live_app.ts";
import { LiveGateway } from "../live_gateway.ts";

/** What a service was sent. */
export interface Sent {
  readonly peer: string;
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: BodyInit | null;
  readonly signal: AbortSignal;
}

export interface FakeGateway {
  readonly app: LiveApp;
  readonly live: LiveGateway;
  /** For those that are not given. No active checks run, unless the test has them adopt its state. */
  readonly pools: Pools;
  /** What services were sent, in order. */
  readonly sent: readonly Sent[];
  /** Asks the edge as a client of address 192.0.2.1, on a connection without a client certificate. */
  ask(path: string, init?: RequestInit & AskedFrom): Promise<Response>;
  /** Asks the Admin API. A body that is an object goes as JSON. */
  admin(method: string, path: string, body?: BodyInit | object): Promise<Response>;
  /** Each state that was kept, in order. */
  readonly saved: readonly State[];
}

export interface AskedFrom {
  readonly clientIp?: string;
  readonly certificate?: ClientCertificate;
}

export interface FakeGatewayOptions extends Partial<Omit<Dependencies, "config" | "pools">> {
  /** Text of `gateway.yaml`; the real one when absent. */
  readonly yaml?: string;
  /** Answers for every service. */
  readonly service?: (sent: Sent) => Response | Promise<Response>;
  readonly discovery?: Pick<Discovery, "watch">;
  /** Those of an earlier gateway, whose configuration this one replaces. */
  readonly pools?: Pools;
}

const edge = "https://edge.example:8443";
/** Of the platform's own tokens: what is reserved for it is refused of consumers. */
export const fakeIssuer = `${edge}/oidc`;
const someServices = new StaticDiscovery({
  auth: "https://auth.test:4001",
  payment: "https://payment.test:4002",
  orders: "https://orders.test:4003",
});

/** The gateway with fakes all around. A bearer token is the caller's roles, joined by `+`. */
export function fakeGateway({ yaml, ...options }: FakeGatewayOptions = {}): FakeGateway {
  const text = yaml ?? Deno.readTextFileSync(new URL("../gateway.yaml", import.meta.url));
  const sent: Sent[] = [];
  const saved: State[] = [];
  const deps = fakeDependencies({ sent, ...options });
  const { now, pools, metrics } = deps;
  const config = parseGatewayConfig(text, "gateway.yaml", { now: now(), issuer: fakeIssuer });
  const app = new LiveApp({ config, open: (config) => createApp({ ...deps, config }) });
  const edges = threadEdges({ app, pools, metrics });
  const live = new LiveGateway({
    config,
    edges,
    save: (state) => Promise.resolve(void saved.push(state)),
    log: silentLogger,
  });
  const api = createAdminApi({
    live,
    tools: { now, newId: () => crypto.randomUUID(), newSecret: () => crypto.randomUUID() },
    edges,
    facts: { nodeId: "node", hostname: "gateway" },
    log: silentLogger,
  });
  return {
    app,
    live,
    pools,
    sent,
    saved,
    admin: (method, path, body) => api.fetch(adminRequest(method, path, body)),
    ask: (path, { clientIp = "192.0.2.1", certificate, ...init } = {}) =>
      app.fetch(rawRequest(`${edge}${path}`, init), { peer: { clientIp, certificate } }),
  };
}

export interface FakeDependenciesOptions extends Omit<FakeGatewayOptions, "yaml"> {
  /** What services are sent is put here. */
  readonly sent: Sent[];
}

/** All that a gateway needs from outside, faked where nothing is given. */
export function fakeDependencies(
  {
    sent,
    service = sayOk,
    discovery = someServices,
    clock = systemClock,
    pools: earlier,
    ...given
  }: FakeDependenciesOptions,
): Omit<Dependencies, "config"> & { readonly pools: Pools } {
  const counter = new MemoryRequestCounter();
  const cache = new MemoryAnswerCache();
  const metrics = new MetricsRegistry();
  const fetchFor = (trust: Trust): typeof fetch => (url, init) => {
    const peer = trust.by === "spiffe" ? trust.id : trust.ca;
    const { method, headers, body, signal } = new FakeCall(init);
    const one = { peer, url: String(url), method, headers, body, signal };
    sent.push(one);
    return Promise.resolve(service(one));
  };
  const connect = () => Promise.resolve();
  return {
    fetchFor,
    pools: earlier ?? new Pools({ discovery, fetchFor, connect, clock, log: silentLogger }),
    clock,
    counters: { local: counter, redis: counter, redisAlone: counter },
    cache: { memory: cache, redis: cache },
    metrics,
    logs: new LogSinks({ dir: undefined, fetch, metrics, log: silentLogger }),
    authenticate: believe,
    edge: new URL(edge),
    log: silentLogger,
    now: () => new Date("2026-01-02T03:04:05.000Z"),
    newId: () => "11111111-1111-4111-8111-111111111111",
    wait: () => Promise.resolve(),
    ...given,
  };
}

function adminRequest(method: string, path: string, body?: BodyInit | object): Request {
  const isJson = typeof body === "object" && Object.getPrototypeOf(body) === Object.prototype;
  return new Request(`http://127.0.0.1:8001${path}`, {
    method,
    ...isJson && { headers: { "content-type": "application/json" } },
    ...body !== undefined && { body: isJson ? JSON.stringify(body) : body as BodyInit },
  });
}

/** A request whose URL is as a client wrote it: `Request` alone would put the path in order. */
export function rawRequest(url: string, init: RequestInit = {}): Request {
  const request = new Request(edge, init);
  Object.defineProperty(request, "url", { value: url });
  return request;
}

class FakeCall {
  readonly method: string;
  readonly headers: Headers;
  readonly body: BodyInit | null;
  readonly signal: AbortSignal;

  constructor(init: RequestInit = {}) {
    this.method = init.method ?? "GET";
    this.headers = new Headers(init.headers);
    this.body = init.body ?? null;
    this.signal = init.signal!;
  }
}

const believe: Authenticate = (request) => {
  const token = request.headers.get("authorization")?.replace("Bearer ", "");
  if (!token) {
    const headers = { "www-authenticate": "Bearer" };
    return Promise.reject(new Problem(problemTypes.unauthenticated, { headers }));
  }
  const roles = new Set(token.split("+") as Role[]);
  return Promise.resolve({ subject: token, clientId: "tests", roles });
};

function sayOk(): Response {
  return Response.json({ ok: true });
}
