import "reflect-metadata";
import { createHash, X509Certificate } from "node:crypto";
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  X509Certificate as DerCertificate,
} from "@peculiar/x509";

/** What a peer's certificate says of itself. Nothing here is verified. */
export interface PeerCertificate {
  readonly der: Uint8Array;
  /** Its only URI SAN when that is a SPIFFE ID; undefined when there is none or more than one. */
  readonly spiffeId: string | undefined;
  /** Base64url of the SHA-256 of the DER: the `x5t#S256` of RFC 8705. */
  readonly thumbprint: string;
  /** In hexadecimal. */
  readonly serial: string;
  readonly validFromMs: number;
  readonly validToMs: number;
  readonly isForClients: boolean;
  readonly isForServers: boolean;
  /** Whether `authority` signed it and is itself a CA within its dates at `nowMs`. */
  isIssuedBy(authority: X509Certificate, nowMs: number): boolean;
}

/** https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md: trust domain, then path segments. */
const spiffeIdForm = /^spiffe:\/\/[a-z0-9._-]+(\/[A-Za-z0-9._-]+)+$/;

/** The `x5t#S256` thumbprint of a certificate. */
export function thumbprintOf(der: Uint8Array): string {
  return createHash("sha256").update(der).digest("base64url");
}

/** @throws when `der` is not a certificate. */
export function readPeerCertificate(der: Uint8Array): PeerCertificate {
  const certificate = new X509Certificate(der);
  const parsed = new DerCertificate(new Uint8Array(der));
  const usages = parsed.getExtension(ExtendedKeyUsageExtension)?.usages ?? [];
  return {
    der,
    spiffeId: spiffeIdOf(parsed),
    thumbprint: thumbprintOf(der),
    serial: parsed.serialNumber,
    validFromMs: parsed.notBefore.getTime(),
    validToMs: parsed.notAfter.getTime(),
    isForClients: usages.includes(ExtendedKeyUsage.clientAuth),
    isForServers: usages.includes(ExtendedKeyUsage.serverAuth),
    isIssuedBy: (authority, nowMs) =>
      authority.ca &&
      nowMs >= Date.parse(authority.validFrom) &&
      nowMs <= Date.parse(authority.validTo) &&
      certificate.checkIssued(authority) &&
      certificate.verify(authority.publicKey),
  };
}

/**
 * From the DER, never from the printed SAN: the text is not escaped, and a DNS SAN such as
 * `x, URI:spiffe://sallyport/gateway` reads there like two names.
 */
function spiffeIdOf(certificate: DerCertificate): string | undefined {
  const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  const uris = names.filter(({ type }) => type === "url");
  const [uri] = uris;
  return uris.length === 1 && uri && spiffeIdForm.test(uri.value) ? uri.value : undefined;
}
