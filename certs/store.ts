import "reflect-metadata";
import { X509Certificate } from "@peculiar/x509";
import { z } from "zod";
import {
  type Authorities,
  isPublished,
  overlapSecondsMax,
  overlapSecondsMin,
  readAuthorities,
  type Rotation,
  writeAuthorities,
} from "./authorities.ts";
import { createAuthority, loadAuthority } from "./authority.ts";
import {
  advanced,
  type AuthorityChange,
  introduced,
  isAgeing,
  overlapSecondsLeft,
  restarted,
} from "./authority_rotation.ts";
import { lockFolder } from "./folder_lock.ts";
import { hasGoodLeaf, holders, isSignedBy, writeLeaf } from "./leaf_files.ts";
import { makePrivateDir, readIfThere, writePrivateFile } from "./private_file.ts";

/** What `ensureCertificates` did. */
export interface CertificateChanges {
  readonly authority: AuthorityChange;
  /** Programs that have a new leaf. */
  readonly issued: readonly string[];
  /** The replacement of the CA that is under way, if one is. */
  readonly rotation: Rotation | undefined;
}

const Serials = z.array(z.string());

/**
 * Afterwards `dir` holds a CA (`ca.json`; its certificate in `ca.pem`), a denylist (`revoked.json`), and
 * for each program a leaf (`<program>/cert.pem`, `<program>/key.pem`), all with a third of their life
 * before them. What is still good stays as it is. Programs that run take up the new ones by themselves.
 *
 * A CA is replaced in three phases, of which a run begins the next one when that is due: see
 * {@linkcode rotateAuthority}. The leaves of others than `programs` that `dir` holds are kept good too.
 */
export async function ensureCertificates(
  dir: string,
  programs: readonly string[],
  now: Date,
): Promise<CertificateChanges> {
  await makePrivateDir(dir);
  using _lock = await lockFolder(dir);
  if (await readRevoked(dir) === undefined) await writeRevoked(dir, []);
  const revoked = await readRevoked(dir) ?? [];
  const issued = new Set<string>();
  let { authorities, change } = await begun(dir, now);
  for (;;) {
    const authority = await loadAuthority(authorities.signing);
    for (const program of new Set([...programs, ...await holders(dir)])) {
      if (await hasGoodLeaf(dir, program, { authority, revoked, now })) continue;
      authorities = await issue(dir, authorities, program, now);
      issued.add(program);
    }
    // Not before: the leaves of a phase must have been there for its whole time.
    const after = advanced(authorities, now);
    if (after === authorities) break;
    await writeAuthorities(dir, after);
    authorities = after;
    change = after.rotation?.phase ?? "replaced";
  }
  return { authority: change, issued: [...issued], rotation: authorities.rotation };
}

/**
 * Begins to replace the CA of `dir`, or shortens the phases of a replacement under way. Each later run of
 * `ensureCertificates` begins the next phase when `overlapSeconds` have passed in the one before:
 *
 * 1. introduced: `ca.pem` names the next CA too, and the old one signs;
 * 2. signing: the next one signs, and has signed a leaf for everyone;
 * 3. leaving: `ca.pem` names the next one first. Programs open their connections anew when it changes, so
 *    that none is left to a server that had shown an old leaf;
 * 4. replaced: `ca.pem` names the next one alone.
 *
 * So each program accepts every other at any moment, and a stop between two writes changes nothing.
 */
export async function rotateAuthority(
  dir: string,
  overlapSeconds: number,
  now: Date,
): Promise<void> {
  if (!(overlapSeconds >= overlapSecondsMin && overlapSeconds <= overlapSecondsMax)) {
    const limits = `${overlapSecondsMin} to ${overlapSecondsMax} seconds`;
    throw new RangeError(`Cannot rotate CA: the overlap must be ${limits}`);
  }
  await makePrivateDir(dir);
  using _lock = await lockFolder(dir);
  const { authorities } = await opened(dir, now);
  const { signing, rotation } = authorities;
  const rotating = rotation
    ? { signing, rotation: { ...rotation, overlapSeconds } }
    : introduced(authorities, (await createAuthority({ now })).pem, { overlapSeconds, now });
  await writeAuthorities(dir, rotating);
}

/** New leaves for `programs`, whatever is left of the old ones. */
export async function renew(dir: string, programs: readonly string[], now: Date): Promise<void> {
  await makePrivateDir(dir);
  using _lock = await lockFolder(dir);
  const { authorities } = await opened(dir, now);
  for (const program of programs) await issue(dir, authorities, program, now);
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
  using _lock = await lockFolder(dir);
  const { serialNumber } = new X509Certificate(cert);
  const { authorities } = await opened(dir, now);
  // The new leaf first: its holder must not be locked out between the two writes.
  await issue(dir, authorities, program, now);
  await writeRevoked(dir, [...new Set([...await readRevoked(dir) ?? [], serialNumber])]);
  return serialNumber;
}

interface OpenedAuthorities {
  readonly authorities: Authorities;
  readonly change: AuthorityChange;
}

/** The CAs as they are written down, and published. */
async function opened(dir: string, now: Date): Promise<OpenedAuthorities> {
  const there = await readAuthorities(dir);
  // A CA that has all but expired is of use to nobody: there is nothing to overlap with.
  if (!there || overlapSecondsLeft(there, now) < overlapSecondsMin) {
    const created = { signing: (await createAuthority({ now })).pem };
    await writeAuthorities(dir, created);
    return { authorities: created, change: "created" };
  }
  if (await isPublished(dir, there)) return { authorities: there, change: "kept" };
  // Programs may not have seen what they were to have seen by now.
  const again = restarted(there, now);
  await writeAuthorities(dir, again);
  return { authorities: again, change: "kept" };
}

/** As `opened`, and in the last third of a CA's life its replacement has begun. */
async function begun(dir: string, now: Date): Promise<OpenedAuthorities> {
  const there = await opened(dir, now);
  if (!isAgeing(there.authorities, now)) return there;
  const { pem } = await createAuthority({ now });
  const options = { overlapSeconds: overlapSecondsMax, now };
  const authorities = introduced(there.authorities, pem, options);
  await writeAuthorities(dir, authorities);
  return { authorities, change: "introduced" };
}

/** @returns the CAs as they are after that: when a leaf changes its CA, the phase begins to count anew. */
async function issue(
  dir: string,
  authorities: Authorities,
  program: string,
  now: Date,
): Promise<Authorities> {
  const authority = await loadAuthority(authorities.signing);
  const changesAuthority = !await isSignedBy(authority, dir, program);
  const after = changesAuthority ? restarted(authorities, now) : authorities;
  // Before the leaf: a stop in between makes the phase longer, and never shorter.
  if (after !== authorities) await writeAuthorities(dir, after);
  await writeLeaf(dir, program, authority, now);
  return after;
}

async function readRevoked(dir: string): Promise<string[] | undefined> {
  const text = await readIfThere(`${dir}/revoked.json`);
  return text === undefined ? undefined : Serials.parse(JSON.parse(text));
}

async function writeRevoked(dir: string, serials: readonly string[]): Promise<void> {
  await writePrivateFile(`${dir}/revoked.json`, `${JSON.stringify(serials, null, 2)}\n`);
}
