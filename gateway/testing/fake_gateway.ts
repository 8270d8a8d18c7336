import type { Authenticate, Role } from "platform/access";
import { Problem, problemTypes } from "platform/problem";
import { silentLogger } from "platform/telemetry";
import { MemoryRequestCounter, StaticDiscovery } from "../adapters/mod.ts";
import { createApp, type Dependencies, type GatewayApp } from "../app.ts";
import { parseGatewayConfig } from "../gateway_config.ts";

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
  readonly app: GatewayApp;
  /** What services were sent, in order. */
  readonly sent: readonly Sent[];
  /** Asks the edge as a client of address 192.0.2.1. */
  ask(path: string, init?: RequestInit & { readonly clientIp?: string }): Promise<Response>;
}

export interface FakeGatewayOptions extends Partial<Omit<Dependencies, "config">> {
  /** Text of `gateway.yaml`; the real one when absent. */
  readonly yaml?: string;
  /** Answers for every service. */
  readonly service?: (sent: Sent) => Response | Promise<Response>;
}

const edge = "https://edge.example:8443";

/** The gateway with fakes all around. A bearer token is the caller's roles, joined by `+`. */
export function fakeGateway(
  { yaml, service = sayOk, ...deps }: FakeGatewayOptions = {},
): FakeGateway {
  const text = yaml ?? Deno.readTextFileSync(new URL("../gateway.yaml", import.meta.url));
  const sent: Sent[] = [];
  const app = createApp({
    config: parseGatewayConfig(text, "gateway.yaml"),
    fetchFor: (peer) => (url, init) => {
      const { method, headers, body, signal } = new FakeCall(init);
      const one = { peer, url: String(url), method, headers, body, signal };
      sent.push(one);
      return Promise.resolve(service(one));
    },
    discovery: new StaticDiscovery({
      auth: "https://auth.test:4001",
      payment: "https://payment.test:4002",
      orders: "https://orders.test:4003",
    }),
    counters: new MemoryRequestCounter(),
    authenticate: believe,
    edge: new URL(edge),
    log: silentLogger,
    now: () => new Date("2026-01-02T03:04:05.000Z"),
    newId: () => "11111111-1111-4111-8111-111111111111",
    wait: () => Promise.resolve(),
    ...deps,
  });
  return {
    app,
    sent,
    ask: (path, { clientIp = "192.0.2.1", ...init } = {}) =>
      app.fetch(rawRequest(`${edge}${path}`, init), { peer: { clientIp } }),
  };
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
