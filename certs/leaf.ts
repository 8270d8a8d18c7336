import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { type Authority, clockSkewMs } from "./authority.ts";
import { keyAlgorithm, newKeyPair, privateKeyPem } from "./key_pair.ts";
import { newSerialNumber } from "./serial_number.ts";

export interface LeafOptions {
  /** Becomes `spiffe://sallyport/<program>` and a DNS name. */
  readonly program: string;
  readonly lifetimeHours?: number;
  readonly now?: Date;
}

export interface Leaf {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
  /** In hexadecimal. */
  readonly serial: string;
}

export const trustDomain = "sallyport";

const hourMs = 3_600_000;
const defaultLifetimeHours = 24;
const programForm = /^[a-z][a-z0-9-]{0,62}$/;

export function isProgramName(name: string): boolean {
  return programForm.test(name);
}

/** A fresh key, and a certificate for it that names `program`, for both ends of a TLS connection. */
export async function issueLeaf(
  authority: Authority,
  { program, lifetimeHours = defaultLifetimeHours, now = new Date() }: LeafOptions,
): Promise<Leaf> {
  if (!isProgramName(program)) {
    throw new RangeError(`Cannot issue certificate: "${program}" is not a program's name`);
  }
  const names: JsonGeneralName[] = [
    { type: "url", value: `spiffe://${trustDomain}/${program}` },
    { type: "dns", value: "localhost" },
    { type: "dns", value: program },
    // The name of the service where programs run as containers, one per service.
    { type: "dns", value: `${program}-service` },
    { type: "ip", value: "127.0.0.1" },
  ];
  const usages = [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth];
  return await signLeaf(authority, {
    subject: `CN=${program}`,
    names,
    usages,
    notBefore: new Date(now.getTime() - clockSkewMs),
    notAfter: new Date(now.getTime() + lifetimeHours * hourMs),
  });
}

export interface LeafContents {
  readonly subject: string;
  readonly names: readonly JsonGeneralName[];
  readonly usages: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Signs whatever it is told to. For `issueLeaf`, and for tests that need a wrong certificate. */
export async function signLeaf(
  { certificate, privateKey }: Authority,
  { subject, names, usages, notBefore, notAfter }: LeafContents,
): Promise<Leaf> {
  const keys = await newKeyPair();
  const serial = newSerialNumber();
  const leaf = await X509CertificateGenerator.create({
    serialNumber: serial,
    subject,
    issuer: certificate.subject,
    publicKey: keys.publicKey,
    signingKey: privateKey,
    notBefore,
    notAfter,
    signingAlgorithm: keyAlgorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([...usages]),
      new SubjectAlternativeNameExtension([...names]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(certificate.publicKey),
    ],
  });
  return {
    cert: `${leaf.toString("pem")}\n`,
    key: await privateKeyPem(keys.privateKey),
    serial,
  };
}
