import "reflect-metadata";
import { createPrivateKey, createPublicKey, X509Certificate as NodeCertificate } from "node:crypto";
import { PemConverter, X509Certificate } from "@peculiar/x509";
import { type Authority, createAuthority, loadAuthority } from "./authority.ts";
import { issueLeaf } from "./leaf.ts";
import { makePrivateDir, readIfThere, writePrivateFile } from "./private_file.ts";

/** What `ensureCertificates` did. */
export interface CertificateChanges {
  readonly authority: "kept" | "created" | "renewed";
  /** Programs that have a new leaf. */
  readonly issued: readonly string[];
}

/** A certificate is replaced when less than this share of its life remains. */
const renewalShare = 1 / 3;

/**
 * Afterwards `dir` holds a CA (`ca.pem`, `ca.key`), a denylist (`revoked.json`), and for each program a leaf
 * (`<program>/cert.pem`, `<program>/key.pem`), all with a third of their life before them.
 * Those that are still good stay as they are. Programs that run take up the new ones by themselves.
 *
 * `ca.pem` names the CA that signs first, and then those it replaced until they expire.
 */
export async function ensureCertificates(
  dir: string,
  programs: readonly string[],
  now: Date,
): Promise<CertificateChanges> {
  await makePrivateDir(dir);
  const { authority, change } = await ensureAuthority(dir, now);
  const revoked = await readRevoked(dir);
  if (revoked === undefined) await writeRevoked(dir, []);
  const issued: string[] = [];
  for (const program of programs) {
    if (await hasGoodLeaf(dir, program, { authority, revoked: revoked ?? [], now })) continue;
    await writeLeaf(dir, program, authority, now);
    issued.push(program);
  }
  return { authority: change, issued };
}

/** New leaves for `programs`, whatever is left of the old ones. */
export async function renew(dir: string, programs: readonly string[], now: Date): Promise<void> {
  await makePrivateDir(dir);
  const { authority } = await ensureAuthority(dir, now);
  for (const program of programs) await writeLeaf(dir, program, authority, now);
}

/**
 * Denies the program's present leaf and issues a new one. Every server and client of the platform refuses
 * the old one within 5 s, on open connections too.
 *
 * @returns the serial number that is denied, in hexadecimal.
 */
export async function revoke(dir: string, program: string, now = new Date()): Promise<string> {
  const cert = await readIfThere(`${dir}/${program}/cert.pem`);
  if (cert === undefined) {
    throw new Error(`Cannot revoke certificate: "${program}" has none in "${dir}"`);
  }
  const { serialNumber } = new X509Certificate(cert);
  const { authority } = await ensureAuthority(dir, now);
  // The new leaf first: its holder must not be locked out between the two writes.
  await writeLeaf(dir, program, authority, now);
  await writeRevoked(dir, [...new Set([...await readRevoked(dir) ?? [], serialNumber])]);
  return serialNumber;
}

interface EnsuredAuthority {
  readonly authority: Authority;
  readonly change: CertificateChanges["authority"];
}

async function ensureAuthority(dir: string, now: Date): Promise<EnsuredAuthority> {
  const [cert, key] = await Promise.all([
    readIfThere(`${dir}/ca.pem`),
    readIfThere(`${dir}/ca.key`),
  ]);
  if (cert !== undefined && key !== undefined && isPair(cert, key)) {
    const authority = await loadAuthority({ cert, key });
    if (isFresh(authority.certificate, now)) return { authority, change: "kept" };
  }
  const { authority, pem } = await createAuthority({ now });
  // The key last: should this stop in between, the next run finds no pair that fits, and makes a new one.
  await writePrivateFile(`${dir}/ca.pem`, pem.cert + unexpired(cert ?? "", now));
  await writePrivateFile(`${dir}/ca.key`, pem.key);
  return { authority, change: cert === undefined ? "created" : "renewed" };
}

/** Leaves of a CA that was replaced are good until they expire. */
function unexpired(bundle: string, now: Date): string {
  return PemConverter.decode(bundle)
    .map((der) => new X509Certificate(der))
    .filter((certificate) => certificate.notAfter > now)
    .map((certificate) => `${certificate.toString("pem")}\n`)
    .join("");
}

interface LeafCheck {
  readonly authority: Authority;
  readonly revoked: readonly string[];
  readonly now: Date;
}

async function hasGoodLeaf(dir: string, program: string, check: LeafCheck): Promise<boolean> {
  const [cert, key] = await Promise.all([
    readIfThere(`${dir}/${program}/cert.pem`),
    readIfThere(`${dir}/${program}/key.pem`),
  ]);
  if (cert === undefined || key === undefined) return false;
  try {
    const leaf = new X509Certificate(cert);
    const isOurs = await leaf.verify({ publicKey: check.authority.certificate, date: check.now });
    return isOurs && isFresh(leaf, check.now) && isPair(cert, key) &&
      !check.revoked.includes(leaf.serialNumber);
  } catch {
    return false;
  }
}

function isFresh({ notBefore, notAfter }: X509Certificate, now: Date): boolean {
  const lifeMs = notAfter.getTime() - notBefore.getTime();
  return notAfter.getTime() - now.getTime() >= lifeMs * renewalShare;
}

function isPair(cert: string, key: string): boolean {
  return new NodeCertificate(cert).publicKey.equals(createPublicKey(createPrivateKey(key)));
}

async function writeLeaf(
  dir: string,
  program: string,
  authority: Authority,
  now: Date,
): Promise<void> {
  const { cert, key } = await issueLeaf(authority, { program, now });
  await makePrivateDir(`${dir}/${program}`);
  await writePrivateFile(`${dir}/${program}/key.pem`, key);
  await writePrivateFile(`${dir}/${program}/cert.pem`, cert);
}

async function readRevoked(dir: string): Promise<string[] | undefined> {
  const text = await readIfThere(`${dir}/revoked.json`);
  return text === undefined ? undefined : JSON.parse(text) as string[];
}

async function writeRevoked(dir: string, serials: readonly string[]): Promise<void> {
  await writePrivateFile(`${dir}/revoked.json`, `${JSON.stringify(serials, null, 2)}\n`);
}
