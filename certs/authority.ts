import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { keyAlgorithm, newKeyPair, parsePrivateKey, privateKeyPem } from "./key_pair.ts";
import { newSerialNumber } from "./serial_number.ts";

/** A CA that can sign. Its key never leaves the process that issues certificates. */
export interface Authority {
  readonly certificate: X509Certificate;
  readonly privateKey: CryptoKey;
}

export interface AuthorityOptions {
  readonly name?: string;
  readonly lifetimeDays?: number;
  readonly now?: Date;
}

/** What is written down of a CA. */
export interface AuthorityPem {
  readonly cert: string;
  readonly key: string;
}

const dayMs = 86_400_000;
/** Machines' clocks differ a little: a certificate is good a moment before it is made. */
export const clockSkewMs = 60_000;
const defaultLifetimeDays = 90;
const defaultName = "CN=Sallyport development CA";

/** A new self-signed CA that can issue leaves only, no further CAs. */
export async function createAuthority(
  { name = defaultName, lifetimeDays = defaultLifetimeDays, now = new Date() }: AuthorityOptions =
    {},
): Promise<{ readonly authority: Authority; readonly pem: AuthorityPem }> {
  const keys = await newKeyPair();
  const subjectKey = await SubjectKeyIdentifierExtension.create(keys.publicKey);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    name,
    keys,
    notBefore: new Date(now.getTime() - clockSkewMs),
    notAfter: new Date(now.getTime() + lifetimeDays * dayMs),
    signingAlgorithm: keyAlgorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      subjectKey,
      new AuthorityKeyIdentifierExtension(subjectKey.keyId),
    ],
  });
  const pem = {
    cert: `${certificate.toString("pem")}\n`,
    key: await privateKeyPem(keys.privateKey),
  };
  return { authority: { certificate, privateKey: keys.privateKey }, pem };
}

/** The CA as it was written down. @throws when either text is not what it should be. */
export async function loadAuthority({ cert, key }: AuthorityPem): Promise<Authority> {
  return { certificate: new X509Certificate(cert), privateKey: await parsePrivateKey(key) };
}
