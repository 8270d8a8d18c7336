import { X509Certificate } from "node:crypto";
import { type PeerCertificate, readPeerCertificate } from "platform/tls";

/** The one peer whose word on a client's certificate is taken: it has verified it. */
const edge = "spiffe://sallyport/gateway";

/** A byte sequence of RFC 8941, as long as a certificate of one reasonable client is. */
const byteSequence = /^:([A-Za-z0-9+/]{1,16384}={0,2}):$/;

/** The certificate by which a client has shown itself at the edge for mutual TLS. */
export interface ClientCertificate {
  readonly x509: X509Certificate;
  readonly names: PeerCertificate;
}

/**
 * The certificate that the gateway says the client has shown; undefined when it says none, or another says it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9440 | RFC 9440, Client-Cert}
 */
export function clientCertificateOf(
  headers: Headers,
  peer: { readonly spiffeId: string },
): ClientCertificate | undefined {
  if (peer.spiffeId !== edge) return undefined;
  const base64 = byteSequence.exec(headers.get("client-cert") ?? "")?.[1];
  if (base64 === undefined) return undefined;
  try {
    const der = Uint8Array.fromBase64(base64);
    return { x509: new X509Certificate(der), names: readPeerCertificate(der) };
  } catch {
    // What is no certificate shows nobody.
    return undefined;
  }
}

/**
 * Whether the certificate names its holder as a client has registered it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8705#section-2.1.2 | RFC 8705, client metadata}
 */
export function namesClient(
  { names }: ClientCertificate,
  property: string,
  expected: string,
): boolean {
  if (property === "tls_client_auth_san_uri") return names.spiffeId === expected;
  if (property === "tls_client_auth_san_dns") return names.hosts.has(expected.toLowerCase());
  return false;
}
