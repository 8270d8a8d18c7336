import "reflect-metadata";
import { createHash, X509Certificate } from "node:crypto";
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type GeneralName,
  SubjectAlternativeNameExtension,
  X509Certificate as DerCertificate,
} from "@peculiar/x509";

/** What a peer's certificate says of itself. Nothing here is verified. */
export interface PeerCertificate {
  readonly der: Uint8Array;
  /** Its only URI SAN when that is a SPIFFE ID; undefined when there is none or more than one. */
  readonly spiffeId: string | undefined;
  /** Its DNS SANs in lower case, and its IP address SANs. */
  readonly hosts: ReadonlySet<string>;
  /** What it calls its holder: SANs that are DNS names, URIs or e-mail addresses, then the common name. */
  readonly holderNames: readonly string[];
  /** Of the subject, when there is exactly one. */
  readonly commonName: string | undefined;
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
  const names = namesOf(parsed);
  const commonName = commonNameOf(parsed);
  return {
    der,
    spiffeId: spiffeIdOf(names),
    hosts: hostsOf(names),
    holderNames: [...holderNamesOf(names), ...commonName === undefined ? [] : [commonName]],
    commonName,
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
function namesOf(certificate: DerCertificate): readonly GeneralName[] {
  return certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
}

function spiffeIdOf(names: readonly GeneralName[]): string | undefined {
  const uris = names.filter(({ type }) => type === "url");
  const [uri] = uris;
  return uris.length === 1 && uri && spiffeIdForm.test(uri.value) ? uri.value : undefined;
}

function hostsOf(names: readonly GeneralName[]): ReadonlySet<string> {
  const hosts = names.filter(({ type }) => type === "dns" || type === "ip");
  return new Set(hosts.map(({ value }) => value.toLowerCase()));
}

function holderNamesOf(names: readonly GeneralName[]): string[] {
  const holders = names.filter(({ type }) => type === "dns" || type === "url" || type === "email");
  return holders.map(({ value }) => value);
}

function commonNameOf({ subjectName }: DerCertificate): string | undefined {
  const names = subjectName.getField("CN");
  return names.length === 1 ? names[0] : undefined;
}
