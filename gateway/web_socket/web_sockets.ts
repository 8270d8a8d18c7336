import { clientNetwork } from "platform/http";
import { Problem, problemTypes } from "platform/problem";
import type { PeerSocket } from "platform/tls";
import type { Clock } from "../balancing/mod.ts";
import type { Trust } from "../gateway_config.ts";
import { Places } from "./places.ts";
import { Relay, type RelayLimits } from "./relay.ts";
import type { ServiceSocket } from "./service_socket.ts";

export interface WebSocketLimits extends Omit<RelayLimits, "idleTimeoutMs"> {
  /** Open at one time. */
  readonly socketsMax: number;
  /** Of those, how many may be of one network: an IPv4 address, or the /64 of an IPv6 address. */
  readonly socketsPerNetworkMax: number;
}

export const defaultWebSocketLimits: WebSocketLimits = {
  socketsMax: 1_000,
  socketsPerNetworkMax: 100,
  messageBytesMax: 16 * 1_048_576,
  bufferedBytesMax: 1_048_576,
  // Within the age that the edge lets a connection reach.
  lifetimeMsMax: 3_600_000,
};

export interface Accepted {
  readonly socket: WebSocket;
  readonly response: Response;
}

export interface WebSocketsOptions {
  /** A new connection to a server of this trust and no others. */
  readonly connectFor: (
    trust: Trust,
  ) => (origin: URL, signal: AbortSignal) => Promise<PeerSocket>;
  /** Turns the client's connection into a WebSocket; the runtime's way when absent. */
  readonly accept?: (request: Request, protocol: string | undefined) => Accepted;
  readonly clock: Clock;
  readonly limits?: Partial<WebSocketLimits>;
}

export interface Joining {
  readonly request: Request;
  readonly clientIp: string;
  readonly protocol: string | undefined;
  readonly service: ServiceSocket;
  readonly idleTimeoutMs: number;
  /** When the client's token is good no more, in ms from now; undefined: never. */
  readonly expiresInMs: number | undefined;
  readonly onEnd: () => void;
}

const closing = [1001, "The gateway is closing"] as const;
/** Of who must come back later. */
const headers = { "retry-after": "5" };
/** How long the sides may take for their leave at the end. */
const goodbyeMs = 2_000;
/** A client that does not answer a ping for so long is gone. */
const pingSeconds = 30;

/** The WebSockets that go through the gateway, whatever configuration let them in. Disposal ends them. */
export class WebSockets implements AsyncDisposable {
  readonly #options: WebSocketsOptions;
  readonly #relays = new Set<Relay>();
  /** Of those that are open or being opened, by network. */
  readonly #places = new Places();
  #isClosed = false;

  constructor(options: WebSocketsOptions) {
    this.#options = options;
  }

  get limits(): WebSocketLimits {
    return { ...defaultWebSocketLimits, ...this.#options.limits };
  }

  connectFor(trust: Trust): (origin: URL, signal: AbortSignal) => Promise<PeerSocket> {
    return this.#options.connectFor(trust);
  }

  /**
   * Holds a place while a WebSocket is opened.
   *
   * @throws {Problem} `unavailable` when all are taken, or at the end; `rate-limited` when the client's network
   *   has as many as it may.
   */
  enter(clientIp: string): Disposable {
    const { socketsMax, socketsPerNetworkMax } = this.limits;
    if (this.#isClosed || this.#places.count >= socketsMax) {
      throw new Problem(problemTypes.unavailable, { headers });
    }
    const network = clientNetwork(clientIp);
    if (this.#places.countOf(network) >= socketsPerNetworkMax) {
      const detail = "As many WebSockets are open from this address as may be";
      throw new Problem(problemTypes.rateLimited, { detail, headers });
    }
    return this.#places.hold(network);
  }

  /** Accepts the client, and joins it with the service. @returns the answer that the client must get. */
  join(
    { request, clientIp, protocol, service, idleTimeoutMs, expiresInMs, onEnd }: Joining,
  ): Response {
    const { accept = acceptByRuntime, clock } = this.#options;
    const { socket, response } = accept(request, protocol);
    const place = this.#places.hold(clientNetwork(clientIp));
    const relay = new Relay({
      client: socket,
      service,
      limits: { ...this.limits, idleTimeoutMs },
      clock,
      onEnd: () => {
        this.#relays.delete(relay);
        place[Symbol.dispose]();
        onEnd();
      },
    });
    if (expiresInMs !== undefined) {
      relay.endAfter(expiresInMs, 1008, "The access token has expired");
    }
    this.#relays.add(relay);
    // It was on its way when the others were told.
    if (this.#isClosed) relay.end(...closing);
    return response;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const relays = [...this.#relays];
    for (const relay of relays) relay.end(...closing);
    const late = Promise.withResolvers<void>();
    using _deadline = this.#options.clock.after(goodbyeMs, () => late.resolve());
    await Promise.race([Promise.all(relays.map((relay) => relay.gone())), late.promise]);
  }
}

function acceptByRuntime(request: Request, protocol: string | undefined): Accepted {
  return Deno.upgradeWebSocket(request, {
    idleTimeout: pingSeconds,
    ...protocol !== undefined && { protocol },
  });
}
