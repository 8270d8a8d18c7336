import type { ClientAuthorities } from "./client_authorities.ts";
import { PeerVerifier } from "./peer_verifier.ts";
import {
  type PeerHandler,
  serveBehindFront,
  type TlsServer,
  type TlsServerOptions,
} from "./tls_server.ts";

export interface ClientTlsServerOptions extends TlsServerOptions {
  /** Followed while the server runs. */
  readonly authorities: ClientAuthorities;
}

/**
 * Serves HTTP/1.1 and HTTP/2 in TLS 1.3 to whoever holds a certificate for clients that one of `authorities`
 * has signed itself, whatever names stand in it; all others fail the handshake or are cut off after it. While
 * there is no authority, nobody gets as far as a handshake. Who is revoked, or whose certificate expires or
 * whose authority is gone, loses open connections too.
 */
export async function serveClientTls(
  { authorities, ...options }: ClientTlsServerOptions,
  handler: PeerHandler,
): Promise<TlsServer> {
  const { identity } = options;
  const verifier = new PeerVerifier({
    get material() {
      return authorities;
    },
    onMaterial: (listener) => authorities.onChange(() => listener(authorities)),
    isRevoked: (serial) => identity.isRevoked(serial),
  }, "client");
  const server = await serveBehindFront(options, { verifier, authorities }, handler);
  return {
    port: server.port,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      verifier[Symbol.dispose]();
    },
  };
}
