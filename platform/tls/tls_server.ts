import { Problem, problemResponse, problemTypes } from "platform/problem";
import type { Logger } from "platform/telemetry";
import type { Peer } from "./connection.ts";
import { Front, loopback } from "./front.ts";
import type { PeerVerifier } from "./peer_verifier.ts";
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
}

/**
 * Serves HTTP/1.1 and HTTP/2 over TLS to anyone: the public edge, where no client shows a certificate.
 *
 * A front before `Deno.serve`, because that one alone lets a client hold a connection with half a header.
 */
export function serveTls(options: TlsServerOptions, handler: PeerHandler): Promise<TlsServer> {
  return serveBehindFront(options, undefined, handler);
}

/** @param verifier present when clients must show a certificate. */
export async function serveBehindFront(
  { hostname, port, identity, log, drainMs, limits: given }: TlsServerOptions,
  verifier: PeerVerifier | undefined,
  handler: PeerHandler,
): Promise<TlsServer> {
  const limits = { ...defaultServerLimits, ...given, drainMs };
  const inner: Deno.HttpServer<Deno.NetAddr> = Deno.serve({
    hostname: loopback,
    port: 0,
    onListen() {},
    onError(thrown) {
      log.failure("Request failed", thrown);
      return problemResponse(thrown);
    },
  }, (request, { remoteAddr, completed }) => {
    // All of 127/8 is loopback, and a port belongs to whoever has it at another address: only the
    // front's own address and port together are the front's.
    const isFront = remoteAddr.hostname === loopback;
    const connection = isFront ? front.connectionAt(remoteAddr.port) : undefined;
    // Whoever else on this machine finds the inner port has no identity, and gets no answer.
    if (!connection) return problemResponse(new Problem(problemTypes.peerNotAllowed));
    connection.requestBegan(completed);
    return handler(request, connection.peer);
  });
  const front = new Front({ identity, verifier, limits, log, innerPort: inner.addr.port });
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
