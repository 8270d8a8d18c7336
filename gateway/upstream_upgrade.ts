import type { PeerSocket } from "platform/tls";
import type { Clock, ServiceReach } from "./balancing/mod.ts";
import type { Service } from "./entities/mod.ts";
import type { Exchange, OutgoingRequest } from "./exchange.ts";
import { responseHeaders } from "./forward_headers.ts";
import { type Arrival, type Asked, attempts, type Destination } from "./upstream_attempts.ts";
import { type Answer, openServiceSocket } from "./web_socket/service_socket.ts";
import { tokenLifeMs } from "./web_socket/token_life.ts";
import type { WebSockets } from "./web_socket/mod.ts";

export interface UpgradeOptions {
  readonly service: Service;
  readonly reach: ServiceReach;
  readonly webSockets: WebSockets;
  readonly connect: (origin: URL, signal: AbortSignal) => Promise<PeerSocket>;
  readonly wait: (ms: number) => Promise<void>;
  readonly now: () => Date;
  readonly clock: Clock;
}

export interface UpgradeRequest {
  readonly exchange: Exchange;
  readonly outgoing: OutgoingRequest;
  readonly hashKey: string | undefined;
  /** For the service to agree. */
  readonly timeoutMs: number;
}

/**
 * Joins the client with a WebSocket of the service's, once the service has agreed to one, with the
 * subprotocol that the service chose. Extensions are not offered. What the service says instead is passed on
 * without its body.
 *
 * @throws {Problem} `unavailable` or `rate-limited` when too many are open, and what reaching the service throws.
 */
export async function upgrade(
  { exchange, outgoing, hashKey, timeoutMs }: UpgradeRequest,
  options: UpgradeOptions,
): Promise<Response> {
  const { service, reach, webSockets, wait, clock, now } = options;
  const { request } = exchange;
  using _place = webSockets.enter(exchange.clientIp);
  const cutting = new AbortController();
  const cut = () => cutting.abort(request.signal.reason);
  request.signal.addEventListener("abort", cut, { once: true });
  using _deadline = clock.after(timeoutMs, () => {
    cutting.abort(new DOMException("The response did not come in time", "TimeoutError"));
  });
  const startedMs = clock.nowMs();
  const dueMs = startedMs + timeoutMs;
  const body = { kind: "none" } as const;
  const asked = {
    exchange,
    outgoing,
    body,
    isIdempotent: false,
    cutting,
    hashKey,
    startedMs,
    dueMs,
  };
  const send = (asked: Asked, to: Destination) => open(asked, to, options);
  try {
    const arrival = await attempts(asked, { service, ...reach, send, wait, clock });
    const refusal = refusalOf(arrival);
    if (refusal) return refusal;
    const { answer, ended } = arrival as Arrival<Extract<Answer, { status: 101 }>>;
    try {
      return webSockets.join({
        request: exchange.upgradable ?? request,
        clientIp: exchange.clientIp,
        protocol: answer.protocol,
        service: answer.socket,
        idleTimeoutMs: service.read_timeout,
        expiresInMs: tokenLifeMs(request, now().getTime()),
        onEnd: ended,
      });
    } catch (thrown) {
      // The client has gone, or its connection cannot be turned into a WebSocket.
      answer.socket.destroy();
      ended();
      throw thrown;
    }
  } finally {
    request.signal.removeEventListener("abort", cut);
  }
}

async function open(
  { outgoing: { path, search }, cutting: { signal } }: Asked,
  { origin, headers }: Destination,
  { connect, webSockets }: UpgradeOptions,
): Promise<Answer> {
  const peer = await connect(new URL(origin), signal);
  const { messageBytesMax } = webSockets.limits;
  const offer = { origin, target: `${path}${search}`, headers };
  return await openServiceSocket(peer, { offer, signal, messageBytesMax });
}

function refusalOf({ answer, ended }: Arrival<Answer>): Response | undefined {
  if (answer.socket) return undefined;
  ended();
  const headers = responseHeaders((answer as { readonly headers: Headers }).headers);
  for (const name of ["content-length", "content-type", "content-encoding"]) headers.delete(name);
  return new Response(null, { status: answer.status, headers });
}
