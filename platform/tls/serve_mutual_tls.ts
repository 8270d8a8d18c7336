import { Problem, problemResponse, problemTypes } from "platform/problem";
import { PeerVerifier } from "./peer_verifier.ts";
import {
  type PeerHandler,
  serveBehindFront,
  type TlsServer,
  type TlsServerOptions,
} from "./tls_server.ts";

/** SPIFFE ID of each peer we answer, and what it may ask for: anything, or these exact paths. */
export type Callers = ReadonlyMap<string, "any" | readonly string[]>;

export interface MutualTlsServerOptions extends TlsServerOptions {
  readonly callers: Callers;
}

/**
 * Serves HTTP/1.1 and HTTP/2 to peers that hold a certificate of our CA, in TLS 1.3; all others fail the
 * handshake or are cut off after it. A peer that is not among `callers`, or asks for another path than it
 * may, is told 403. A peer whose certificate is revoked or expires loses its open connections too.
 */
export async function serveMutualTls(
  { callers, ...options }: MutualTlsServerOptions,
  handler: PeerHandler,
): Promise<TlsServer> {
  const verifier = new PeerVerifier(options.identity, "client");
  const server = await serveBehindFront(options, { verifier }, (request, peer) => {
    if (mayAsk(callers, peer.spiffeId, request)) return handler(request, peer);
    return problemResponse(new Problem(problemTypes.peerNotAllowed));
  });
  return {
    port: server.port,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      verifier[Symbol.dispose]();
    },
  };
}

function mayAsk(callers: Callers, spiffeId: string, request: Request): boolean {
  const paths = callers.get(spiffeId);
  if (paths === undefined) return false;
  return paths === "any" || paths.includes(new URL(request.url).pathname);
}
