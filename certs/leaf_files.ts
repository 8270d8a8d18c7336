import "reflect-metadata";
import { createPrivateKey, createPublicKey, X509Certificate as NodeCertificate } from "node:crypto";
import { X509Certificate } from "@peculiar/x509";
import type { Authority } from "./authority.ts";
import { isFresh } from "./freshness.ts";
import { isProgramName, issueLeaf } from "./leaf.ts";
import { makePrivateDir, readIfThere, writePrivateFile } from "./private_file.ts";

/** The programs that have a leaf in `dir`. */
export async function holders(dir: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(dir)) {
    if (!isDirectory || !isProgramName(name)) continue;
    if (await readIfThere(`${dir}/${name}/cert.pem`) !== undefined) names.push(name);
  }
  return names.toSorted();
}

export interface LeafCheck {
  readonly authority: Authority;
  readonly revoked: readonly string[];
  readonly now: Date;
}

/** Whether the program's leaf can stay: of this CA, with its key, and with a third of its life before it. */
export async function hasGoodLeaf(
  dir: string,
  program: string,
  check: LeafCheck,
): Promise<boolean> {
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

function isPair(cert: string, key: string): boolean {
  return new NodeCertificate(cert).publicKey.equals(createPublicKey(createPrivateKey(key)));
}

/** A new leaf for the program. The key first: a program that starts in between is told that they do not fit. */
export async function writeLeaf(
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

/** Whether the program has a leaf of this CA, whatever its dates. */
export async function isSignedBy(
  { certificate }: Authority,
  dir: string,
  program: string,
): Promise<boolean> {
  const cert = await readIfThere(`${dir}/${program}/cert.pem`);
  if (cert === undefined) return false;
  try {
    const options = { publicKey: certificate, signatureOnly: true };
    return await new X509Certificate(cert).verify(options);
  } catch {
    return false;
  }
}
