import { plainResponse, whenGone } from "platform/http1";
import type { Clock, HashKey, ServiceReach } from "./balancing/mod.ts";
import { hashKeyOf } from "./balancing/mod.ts";
import { clientPatienceMs } from "./client_patience.ts";
import { DeadlineQueue } from "./deadline_queue.ts";
import { editedBody } from "./edited_body.ts";
import type { Service } from "./entities/mod.ts";
import type { Exchange, OutgoingRequest } from "./exchange.ts";
import { requestHeaders, responseHeaders } from "./forward_headers.ts";
import { takeHop } from "./max_forwards.ts";
import { type ForwardedBody, takeBody } from "./request_body.ts";
import { restOf } from "./request_target.ts";
import { isBodiless, paced, wholeBytesMax } from "./response_body.ts";
import {
  type Arrival,
  type Asked,
  type AttemptOptions,
  attempts,
  type Destination,
} from "./upstream_attempts.ts";
import { upstreamFailure } from "./upstream_failure.ts";
import { upgrade, type UpgradeOptions } from "./upstream_upgrade.ts";

/** How one service is reached, and asked. */
export interface UpstreamOptions {
  readonly service: Service;
  readonly reach: ServiceReach;
  /** Reaches programs of this service and no others. */
  readonly fetch: typeof fetch;
  /** What clients call us. */
  readonly edge: URL;
  /** Waits between two attempts. */
  readonly wait: (ms: number) => Promise<void>;
  readonly newId: () => string;
  readonly clock: Clock;
}

/** By which a WebSocket goes out. */
export type Door = Pick<UpgradeOptions, "webSockets" | "connect" | "now">;

export interface ForwardRules {
  readonly preserveHost: boolean;
  /** The part of the path that the service does not see. */
  readonly strip: string;
  /** Whether the service gives a repeated call with the same `Idempotency-Key` the first answer. */
  readonly isIdempotent: boolean;
}

/** How many servers are asked whether they are ready. */
const readyAskedMax = 3;
/** The longest delay that timers take. */
const timerMsMax = 2_147_483_647;

/** A service behind the edge. */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #attempting: AttemptOptions<Response>;
  readonly #deadlines: DeadlineQueue;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    const { service, reach, wait, clock } = options;
    const send = (asked: Asked, to: Destination) => this.#send(asked, to);
    this.#attempting = { service, ...reach, send, wait, clock };
    this.#deadlines = new DeadlineQueue(this.#headTimeoutMs, clock);
  }

  /** Whether a server of the service says by `/readyz` that it is ready. Never throws: who cannot be reached is not. */
  async isReady(signal: AbortSignal): Promise<boolean> {
    const { pool } = this.#options.reach;
    const tried = new Set<string>();
    try {
      do {
        const origin = pool.pick(tried);
        if (await this.#isReadyAt(origin, signal)) return true;
        tried.add(origin);
      } while (tried.size < readyAskedMax && pool.hasOther(tried));
    } catch {
      // Nobody is known, or nobody is well.
    }
    return false;
  }

  async #isReadyAt(origin: string, signal: AbortSignal): Promise<boolean> {
    try {
      const answer = await this.#options.fetch(`${origin}/readyz`, { signal });
      await answer.body?.cancel();
      return answer.ok;
    } catch {
      return false;
    }
  }

  /**
   * The service's answer, redirects included. A client that leaves takes the request to the service with it.
   * Kong's three timeouts bound it so: the head is due within their sum, each later piece within `read_timeout`.
   *
   * @throws {Problem} `bad-gateway`, `unavailable` or `gateway-timeout` when there is no answer, or what is wrong
   *   with the request: its body, its headers, or its path once `strip` is off.
   */
  async forward(exchange: Exchange, rules: ForwardRules): Promise<Response> {
    const { service } = this.#options;
    const outgoing = this.#outgoing(exchange, rules);
    const taken = await takeBody(exchange.request, {
      bytesMax: exchange.bodyBytesMax,
      pieceTimeoutMs: service.write_timeout,
      stretchTimeoutMs: clientPatienceMs(service.write_timeout),
    });
    const cutting = new AbortController();
    const end = whenGone(exchange.request, (reason) => cutting.abort(reason));
    const body = editedBody(taken, exchange, outgoing);
    const { isIdempotent } = rules;
    const { key: hashKey, setCookie } = this.#hashKeyOf(exchange);
    const startedMs = this.#options.clock.nowMs();
    const dueMs = startedMs + this.#headTimeoutMs;
    const asked = { exchange, outgoing, body, isIdempotent, cutting, hashKey, startedMs, dueMs };
    try {
      const response = await this.#answer(asked, end);
      if (setCookie) response.headers.append("set-cookie", setCookie);
      return response;
    } catch (thrown) {
      end();
      cutting.abort(thrown);
      if (body.kind === "stream" && body.fault) throw body.fault;
      throw upstreamFailure(thrown);
    }
  }

  /**
   * Joins the client with a WebSocket of the service's: see {@linkcode upgrade}.
   *
   * @throws {Problem} as `forward`, and `unavailable` when too many are open.
   */
  async upgrade(exchange: Exchange, rules: ForwardRules, door: Door): Promise<Response> {
    const outgoing = this.#outgoing(exchange, rules);
    const { key: hashKey } = this.#hashKeyOf(exchange);
    const timeoutMs = this.#headTimeoutMs;
    try {
      const request = { exchange, outgoing, hashKey, timeoutMs };
      return await upgrade(request, { ...this.#options, ...door });
    } catch (thrown) {
      throw upstreamFailure(thrown);
    }
  }

  /** What the service is to be asked, as the route and the plugins have it. */
  #outgoing(exchange: Exchange, { preserveHost, strip }: ForwardRules): OutgoingRequest {
    const { edge, reach: { pool } } = this.#options;
    const hostHeader = pool.upstream?.host_header ?? undefined;
    const outgoing: OutgoingRequest = {
      method: exchange.request.method,
      path: this.#pathOf(exchange, strip),
      search: exchange.target.search,
      headers: requestHeaders(exchange, { preserveHost, hostHeader, edge }),
    };
    takeHop(outgoing);
    for (const edit of exchange.edits) edit(outgoing);
    return outgoing;
  }

  get #headTimeoutMs(): number {
    const { connect_timeout, write_timeout, read_timeout } = this.#options.service;
    return Math.min(timerMsMax, connect_timeout + write_timeout + read_timeout);
  }

  #hashKeyOf(exchange: Exchange): HashKey {
    const { newId, reach: { pool: { upstream } } } = this.#options;
    if (upstream?.algorithm !== "consistent-hashing") return { key: undefined };
    return hashKeyOf(exchange, upstream, newId);
  }

  async #answer(asked: Asked, end: () => void): Promise<Response> {
    const { exchange, cutting, startedMs } = asked;
    const deadline = this.#deadlines.begin(() => {
      cutting.abort(new DOMException("The response did not come in time", "TimeoutError"));
    }, startedMs);
    let arrival: Arrival<Response> | undefined;
    try {
      arrival = await attempts(asked, this.#attempting);
      exchange.upstreamMs = arrival.atMs - startedMs;
      return await this.#passOn(asked, arrival, end);
    } catch (thrown) {
      arrival?.ended();
      throw thrown;
    } finally {
      this.#deadlines.end(deadline);
    }
  }

  #send(
    { outgoing: { method, path, search }, body, cutting: { signal } }: Asked,
    { origin, headers }: Destination,
  ): Promise<Response> {
    const init = { method, headers, redirect: "manual", signal, body: bytesOf(body) } as const;
    return this.#options.fetch(`${origin}${path}${search}`, init);
  }

  async #passOn(
    { exchange: { request }, cutting }: Asked,
    { answer, ended }: Arrival<Response>,
    end: () => void,
  ): Promise<Response> {
    const { status } = answer;
    const headers = responseHeaders(answer.headers);
    const onEnd = (reason?: unknown) => {
      end();
      ended();
      if (reason !== undefined) cutting.abort(reason);
    };
    const length = headers.get("content-length");
    const isSmall = length !== null && Number(length) <= wholeBytesMax;
    if (isBodiless(request.method, status) || (!isSmall && !answer.body)) {
      await answer.body?.cancel();
      onEnd();
      return plainResponse(null, { status, headers });
    }
    if (isSmall) {
      const bytes = await answer.bytes();
      onEnd();
      return plainResponse(bytes, { status, headers });
    }
    const { read_timeout: pieceTimeoutMs, write_timeout } = this.#options.service;
    const readerTimeoutMs = clientPatienceMs(write_timeout);
    const body = paced(answer.body!, { pieceTimeoutMs, readerTimeoutMs, onEnd });
    return plainResponse(body, { status, headers });
  }

  #pathOf({ target: { path } }: Exchange, strip: string): string {
    const rest = strip === "" ? path : restOf(path, strip);
    const before = this.#options.service.path?.replace(/\/$/, "") ?? "";
    return `${before}${rest}`;
  }
}

function bytesOf(body: ForwardedBody): BodyInit | null {
  if (body.kind === "none") return null;
  return body.kind === "whole" ? body.bytes : body.stream;
}
