import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { z } from "zod";
import type { Kind } from "./kind.ts";
import { optional, Reference, Tags } from "./fields.ts";

const Cert = z.string().refine((pem) => readCertificate(pem) !== undefined, "invalid certificate");
const Key = z.string().refine(isPrivateKey, "invalid key");

const fields = z.strictObject({
  cert: Cert,
  key: Key,
  cert_alt: optional(Cert),
  key_alt: optional(Key),
  tags: optional(Tags),
}).superRefine(({ cert, key, cert_alt: certAlt, key_alt: keyAlt }, context) => {
  const refuse = (path: string, message: string) =>
    context.addIssue({ code: "custom", path: [path], message });
  if (!areOne(cert, key)) refuse("key", "certificate does not match key");
  if ((certAlt === null) !== (keyAlt === null)) {
    refuse(certAlt === null ? "cert_alt" : "key_alt", "required field missing");
  } else if (certAlt !== null && keyAlt !== null && !areOne(certAlt, keyAlt)) {
    refuse("key_alt", "certificate does not match key");
  }
});

export type CertificateFields = z.output<typeof fields>;

/** What the edge shows to clients that ask for one of the names in `snis`. */
export const certificates: Kind<CertificateFields> = {
  collection: "certificates",
  singular: "certificate",
  fields,
  parents: {},
  keys: [],
  nested: ["snis"],
};

const sniFields = z.strictObject({
  name: z.string().regex(/^(?:\*\.)?[A-Za-z0-9_][A-Za-z0-9_.-]*$/, "invalid hostname"),
  certificate: Reference,
  tags: optional(Tags),
});

export type SniFields = z.output<typeof sniFields>;

export const snis: Kind<SniFields> = {
  collection: "snis",
  singular: "sni",
  fields: sniFields,
  parents: { certificate: { collection: "certificates", onRemoval: "remove" } },
  keys: ["name"],
  nested: [],
  under: { parent: "certificate", segment: "snis", collectionPath: "snis" },
};

const caFields = z.strictObject({
  cert: Cert.refine(
    (pem) => readCertificate(pem)?.ca ?? false,
    'certificate does not appear to be a CA because it is missing the "CA" basic constraint',
  ),
  cert_digest: z.string(),
  tags: optional(Tags),
});

export type CaCertificateFields = z.output<typeof caFields>;

/** Who vouches for the client certificates of `mtls-auth`, or for a service. */
export const caCertificates: Kind<CaCertificateFields> = {
  collection: "ca_certificates",
  singular: "ca_certificate",
  fields: caFields,
  parents: {},
  keys: ["cert_digest"],
  nested: [],
  prepare: ({ cert_digest: _told, ...given }) => ({ ...given, cert_digest: digestOf(given.cert) }),
};

function digestOf(pem: unknown): string {
  const certificate = typeof pem === "string" ? readCertificate(pem) : undefined;
  return certificate ? createHash("sha256").update(certificate.raw).digest("hex") : "";
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).type === "private";
  } catch {
    return false;
  }
}

function areOne(cert: string, key: string): boolean {
  try {
    return readCertificate(cert)?.checkPrivateKey(createPrivateKey(key)) ?? false;
  } catch {
    return false;
  }
}
