import type { ClientRequest, IncomingMessage } from "node:http";
import { request as openRequest } from "node:https";
import { incomingResponse } from "./download.ts";
import type { OutgoingRequest } from "./outgoing_request.ts";
import type { PeerAgent } from "./peer_agent.ts";
import { upload } from "./upload.ts";

/** A request failed before a byte of its response arrived. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";

  /** @param isStale whether it failed on a kept-alive connection: the server may have closed it unread. */
  constructor(readonly isStale: boolean, cause: unknown) {
    super("Cannot fetch: the connection failed", { cause });
  }
}

/**
 * Sends `outgoing` over one of the agent's connections and gives the head of its response.
 *
 * @param timeoutMs how long the head may take, connecting included, and then each piece of the body.
 * @throws {ExchangeError} when the connection fails, the signal's reason when it fires, and a
 *   `TimeoutError` when time is up.
 */
export function exchange(
  outgoing: OutgoingRequest,
  agent: PeerAgent,
  timeoutMs: number,
): Promise<Response> {
  const { signal } = outgoing;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const request = open(outgoing, agent);
    const abort = () => end(signal?.reason);
    const deadline = setTimeout(() => {
      end(new DOMException("The response did not begin in time", "TimeoutError"));
    }, timeoutMs);
    const settle = () => {
      clearTimeout(deadline);
      signal?.removeEventListener("abort", abort);
    };
    const end = (reason: unknown) => {
      settle();
      reject(reason);
      request.destroy(reason instanceof Error ? reason : new Error("Aborted", { cause: reason }));
    };
    signal?.addEventListener("abort", abort);
    request.on("error", (cause) => {
      settle();
      reject(new ExchangeError(agent.isOnUsedConnection(request), cause));
    });
    request.once("response", (incoming) => {
      clearTimeout(deadline);
      resolve(receive(incoming, { request, signal, timeoutMs, onEnd: settle }));
    });
    send(request, outgoing).catch(end);
  });
}

function open({ url, method, headers }: OutgoingRequest, agent: PeerAgent): ClientRequest {
  return openRequest({
    agent,
    method,
    // An IPv6 address has brackets in a URL, and none in a socket's.
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 443 : Number(url.port),
    path: url.pathname + url.search,
    headers: { host: url.host, ...headers },
  });
}

async function send(request: ClientRequest, { body, headers }: OutgoingRequest): Promise<void> {
  if (!(body instanceof ReadableStream)) return void request.end(body);
  const promised = headers["content-length"];
  await upload(request, body, promised === undefined ? undefined : Number(promised));
}

interface Receiving {
  readonly request: ClientRequest;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  readonly onEnd: () => void;
}

function receive(
  incoming: IncomingMessage,
  { request, signal, timeoutMs, onEnd }: Receiving,
): Response {
  return incomingResponse(incoming, {
    method: request.method,
    signal,
    stallTimeoutMs: timeoutMs,
    abandon: () => request.destroy(),
    onEnd,
  });
}
