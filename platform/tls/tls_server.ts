import { runtimeResponse } from "platform/http1";
import { Problem, problemResponse, problemTypes } from "platform/problem";
import type { Logger } from "platform/telemetry";
import type { Peer } from "./connection.ts";
import { type ClientCheck, Front, loopback } from "./front.ts";
import type { ServerCertificates } from "./server_certificates.ts";
import { defaultServerLimits, type ServerLimits } from "./server_limits.ts";
import type { TlsIdentity } from "./tls_identity.ts";

/** Answers a request of a known peer. The scheme of the request's URL is `http:` whatever the client used. */
export type PeerHandler = (request: Request, peer: Peer) => Response | Promise<Response>;

/** A running server. Disposal stops new work, lets answers in flight finish, and cuts what is left at `drainMs`. */
export interface TlsServer extends AsyncDisposable {
  readonly port: number;
}

export interface TlsServerOptions {
  readonly hostname: string;
  /** 0 asks the system for a free one. */
  readonly port: number;
  /** Followed while the server runs. Not closed with it. */
  readonly identity: TlsIdentity;
  readonly log: Logger;
  /** How long answers in flight may take to finish once closing has begun. */
  readonly drainMs: number;
  readonly limits?: Partial<Omit<ServerLimits, "drainMs">>;
  /** What clients are shown that ask for other names. Followed while the server runs. */
  readonly certificates?: ServerCertificates;
  /** Whether other servers of this user may listen on the same port: the system shares connections out. */
  readonly reusePort?: boolean;
}

/**
 * Serves HTTP/1.1 and HTTP/2 over TLS to anyone: the public edge, where no client shows a certificate.
 *
 * A front before `Deno.serve`, because that one alone lets a client hold a connection with half a header.
 */
export function serveTls(options: TlsServerOptions, handler: PeerHandler): Promise<TlsServer> {
  return serveBehindFront(options, undefined, handler);
}

/** @param clients present when clients must show a certificate. */
export async function serveBehindFront(
  { hostname, port, drainMs, limits: given, ...shared }: TlsServerOptions,
  clients: ClientCheck | undefined,
  handler: PeerHandler,
): Promise<TlsServer> {
  const { log } = shared;
  const limits = { ...defaultServerLimits, ...given, drainMs };
  const failed = (thrown: unknown) => {
    log.failure("Request failed", thrown);
    return problemResponse(thrown);
  };
  const answer = async (request: Request, peer: Peer) => {
    try {
      return await handler(request, peer);
    } catch (thrown) {
      return failed(thrown);
    }
  };
  const inner: Deno.HttpServer<Deno.NetAddr> = Deno.serve({
    hostname: loopback,
    port: 0,
    onListen() {},
    onError: failed,
  }, (request, { remoteAddr, completed }) => {
    // All of 127/8 is loopback, and a port belongs to whoever has it at another address: only the
    // front's own address and port together are the front's.
    const isFront = remoteAddr.hostname === loopback;
    const connection = isFront ? front.connectionAt(remoteAddr.port) : undefined;
    // Whoever else on this machine finds the inner port has no identity, and gets no answer.
    if (!connection) return problemResponse(new Problem(problemTypes.peerNotAllowed));
    connection.requestBegan(completed);
    // Looked at before: a request whose connection has become a WebSocket can be read no more.
    const mayUpgrade = request.headers.has("upgrade");
    const answered = answer(request, connection.peer).then(runtimeResponse);
    if (!mayUpgrade) return answered;
    return answered.then((response) => {
      // The answer is complete, and the connection only begins to be used.
      if (response.status === 101) connection.requestBegan(new Promise(() => {}));
      return response;
    });
  });
  const innerPort = inner.addr.port;
  const front = new Front({ ...shared, clients, limits, innerPort, answer });
  try {
    const outerPort = await front.listen(hostname, port);
    const drain = () => drainServer(front, inner, drainMs);
    return { port: outerPort, [Symbol.asyncDispose]: drain };
  } catch (thrown) {
    await inner.shutdown();
    throw thrown;
  }
}

/**
 * The inner server ends its connections one by one as their answers are done, and the front passes each
 * end on behind the last bytes. Ending the front's connections first would lose those bytes.
 */
async function drainServer(front: Front, inner: Deno.HttpServer, drainMs: number): Promise<void> {
  front.close();
  const cut = Promise.withResolvers<void>();
  const cutOff = setTimeout(() => {
    front.cutAll();
    // A handler that never answers would keep the inner server's shutdown from ever resolving, and
    // aborting a server that shuts down throws where nobody can catch it: it is left behind.
    cut.resolve();
  }, drainMs);
  await Promise.race([inner.shutdown(), cut.promise]);
  await front.closed();
  clearTimeout(cutOff);
}
