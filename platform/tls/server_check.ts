import { readPeerCertificate } from "./peer_certificate.ts";
import { namesHost } from "./server_name.ts";
import type { TlsIdentity } from "./tls_identity.ts";

/** What a client library hands on to the handshake, which fails by the error that it gives. */
export type ServerCheck = (
  host: string,
  certificate: { readonly raw: Uint8Array; readonly serialNumber: string },
) => Error | undefined;

/**
 * For client libraries that open their connections themselves: refuses a server whose certificate is not
 * for its host, or is revoked, before it hears a word. That our CA vouches for it, is for the handshake.
 */
export function serverCheck(identity: Pick<TlsIdentity, "isRevoked">): ServerCheck {
  return (host, { raw, serialNumber }) => {
    if (identity.isRevoked(serialNumber)) {
      return new Error(`Cannot trust server "${host}": its certificate is revoked`);
    }
    if (!namesHost(readPeerCertificate(raw), host)) {
      return new Error(`Cannot trust server "${host}": its certificate is for another host`);
    }
    return undefined;
  };
}
