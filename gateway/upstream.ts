import type { Exchange } from "./exchange.ts";
import { requestHeaders, responseHeaders } from "./forward_headers.ts";
import type { ServiceConfig } from "./gateway_config.ts";
import type { Discovery } from "./ports.ts";
import { type ForwardedBody, takeBody } from "./request_body.ts";
import { isBodiless, paced, wholeBytesMax } from "./response_body.ts";
import { upstreamFailure } from "./upstream_failure.ts";

/** How one service is reached, and asked. */
export interface UpstreamOptions {
  readonly service: ServiceConfig;
  readonly discovery: Discovery;
  /** Reaches programs of this service and no others. */
  readonly fetch: typeof fetch;
  /** What clients call us. */
  readonly edge: URL;
  /** Waits between two attempts. */
  readonly wait: (ms: number) => Promise<void>;
}

/** What one request asks of a service. */
interface Asked {
  readonly exchange: Exchange;
  readonly url: string;
  readonly headers: [string, string][];
  readonly body: ForwardedBody;
  readonly isIdempotent: boolean;
  readonly cutting: AbortController;
}

export interface ForwardRules {
  readonly preserveHost: boolean;
  /** The part of the path that the service does not see. */
  readonly strip: string;
  /** Whether the service gives a repeated call with the same `Idempotency-Key` the first answer. */
  readonly isIdempotent: boolean;
}

const waitMsMax = 100;

/** A service behind the edge. */
export class Upstream {
  readonly #options: UpstreamOptions;

  constructor(options: UpstreamOptions) {
    this.#options = options;
  }

  /** Whether the service says by `/readyz` that it is ready. Never throws: who cannot be reached is not. */
  async isReady(signal: AbortSignal): Promise<boolean> {
    const { discovery, service, fetch } = this.#options;
    const origin = discovery.locate(service.host)?.origin;
    if (origin === undefined) return false;
    try {
      const answer = await fetch(`${origin}/readyz`, { signal });
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
   *   with the request's body.
   */
  async forward(exchange: Exchange, rules: ForwardRules): Promise<Response> {
    const { service, edge } = this.#options;
    const body = await takeBody(exchange.request, {
      bytesMax: exchange.bodyBytesMax,
      pieceTimeoutMs: service.write_timeout,
    });
    const cutting = new AbortController();
    const cut = () => cutting.abort(exchange.request.signal.reason);
    exchange.request.signal.addEventListener("abort", cut, { once: true });
    const headers = requestHeaders(exchange, { preserveHost: rules.preserveHost, edge });
    const url = this.#urlOf(exchange, rules.strip);
    const { isIdempotent } = rules;
    const asked = { exchange, url, headers, body, isIdempotent, cutting };
    const end = () => exchange.request.signal.removeEventListener("abort", cut);
    try {
      return await this.#answer(asked, end);
    } catch (thrown) {
      end();
      cutting.abort(thrown);
      if (body.kind === "stream" && body.fault) throw body.fault;
      throw upstreamFailure(thrown);
    }
  }

  async #answer(asked: Asked, end: () => void): Promise<Response> {
    const { exchange: { request }, cutting } = asked;
    const { connect_timeout, write_timeout, read_timeout } = this.#options.service;
    const deadline = setTimeout(() => {
      cutting.abort(new DOMException("The response did not come in time", "TimeoutError"));
    }, connect_timeout + write_timeout + read_timeout);
    try {
      const answer = await this.#attempts(asked);
      const { status } = answer;
      const headers = responseHeaders(answer.headers);
      if (isBodiless(request.method, status) || !answer.body) {
        await answer.body?.cancel();
        end();
        return new Response(null, { status, headers });
      }
      const length = headers.get("content-length");
      if (length !== null && Number(length) <= wholeBytesMax) {
        const bytes = await answer.arrayBuffer();
        end();
        return new Response(bytes, { status, headers });
      }
      const onEnd = (reason?: unknown) => {
        end();
        if (reason !== undefined) cutting.abort(reason);
      };
      const body = paced(answer.body, { pieceTimeoutMs: read_timeout, onEnd });
      return new Response(body, { status, headers });
    } finally {
      clearTimeout(deadline);
    }
  }

  /** Again and again, when it is safe: then a service that is just starting is met a moment later. */
  async #attempts(asked: Asked): Promise<Response> {
    const { service, wait } = this.#options;
    const attemptsMax = isRepeatable(asked) ? service.retries + 1 : 1;
    for (let attempt = 1;; attempt++) {
      try {
        return await this.#send(asked);
      } catch (thrown) {
        if (attempt >= attemptsMax || asked.cutting.signal.aborted) throw thrown;
      }
      await wait(Math.random() * Math.min(waitMsMax, 10 * 2 ** attempt));
      asked.cutting.signal.throwIfAborted();
    }
  }

  #send({ exchange: { request }, url, headers, body, cutting }: Asked): Promise<Response> {
    return this.#options.fetch(url, {
      method: request.method,
      headers,
      redirect: "manual",
      signal: cutting.signal,
      body: bytesOf(body),
    });
  }

  #urlOf({ target: { path, search } }: Exchange, strip: string): string {
    const { service: { host, port, path: base }, discovery } = this.#options;
    const origin = (discovery.locate(host) ?? new URL(`https://${host}:${port}`)).origin;
    const rest = path.slice(strip.length);
    // A prefix taken off with its last slash leaves a path without its first.
    return `${origin}${base}${rest.startsWith("/") ? "" : "/"}${rest}${search}`;
  }
}

/** Whether the request may be sent again, given that the first may have reached the service. */
function isRepeatable({ exchange: { request }, body, isIdempotent }: Asked): boolean {
  if (body.kind === "stream") return false;
  if (request.method === "GET" || request.method === "HEAD") return true;
  return isIdempotent && request.headers.has("idempotency-key");
}

function bytesOf(body: ForwardedBody): BodyInit | null {
  if (body.kind === "none") return null;
  return body.kind === "whole" ? body.bytes : body.stream;
}
