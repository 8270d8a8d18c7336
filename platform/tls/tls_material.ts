import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import tls from "node:tls";

/** What a program shows and trusts on TLS connections. All PEM texts. */
export interface TlsMaterial {
  /** Our certificate, then its intermediates if any. */
  readonly cert: string;
  readonly key: string;
  /** The CAs whose certificates we accept: one, or several while a CA is being replaced. */
  readonly ca: string;
}

/** Which text of the material is unusable, and why. Safe to log: holds nothing of the key. */
export interface MaterialFault {
  readonly part: keyof TlsMaterial;
  readonly reason: string;
}

const pemEnd = /(?<=-----END CERTIFICATE-----)\s*/;

/** The certificates of a PEM bundle, in its order. @throws when one cannot be read. */
export function parseCertificates(pem: string): readonly X509Certificate[] {
  return pem.split(pemEnd)
    .filter((text) => text.trim() !== "")
    .map((text) => new X509Certificate(text));
}

/**
 * What makes `material` unusable at `nowMs`, or undefined when it may be taken.
 * `setSecureContext` takes any key without a word, and then no handshake succeeds: ask here first.
 */
export function materialFault(material: TlsMaterial, nowMs: number): MaterialFault | undefined {
  const [leaf] = orNone(() => parseCertificates(material.cert));
  if (!leaf) return { part: "cert", reason: "Cannot read a certificate from it" };
  if (nowMs > Date.parse(leaf.validTo)) return { part: "cert", reason: "It has expired" };

  const authorities = orNone(() => parseCertificates(material.ca));
  if (authorities.length === 0) return { part: "ca", reason: "Cannot read a certificate from it" };

  const [key] = orNone(() => [createPublicKey(createPrivateKey(material.key))]);
  if (!key) return { part: "key", reason: "Cannot read a private key from it" };
  if (!leaf.publicKey.equals(key)) {
    return { part: "key", reason: "It does not belong to the certificate" };
  }
  return contextFault(material);
}

/** Whatever the checks before overlooked, the TLS library itself has the last word on. */
function contextFault({ cert, key, ca }: TlsMaterial): MaterialFault | undefined {
  try {
    tls.createSecureContext({ cert, key, ca });
    return undefined;
  } catch {
    return { part: "cert", reason: "The TLS library refuses it" };
  }
}

function orNone<Item>(parse: () => readonly Item[]): readonly Item[] {
  try {
    return parse();
  } catch {
    return [];
  }
}
