import { z } from "zod";
import { readIfThere, writePrivateFile } from "./private_file.ts";

/** How long each phase of a CA's replacement lasts at least: programs look at their files every second. */
export const overlapSecondsMin = 3;
export const overlapSecondsMax = 7 * 86_400;

const StoredAuthority = z.strictObject({ cert: z.string(), key: z.string() });

const phaseMembers = {
  overlapSeconds: z.number().min(overlapSecondsMin).max(overlapSecondsMax),
  /** Since when all that the phase writes has been written. */
  since: z.iso.datetime(),
};

/** Where the replacement of a CA stands, one phase after the other. */
const Rotation = z.discriminatedUnion("phase", [
  /** Everyone trusts the next CA too; the old one signs. */
  z.strictObject({ phase: z.literal("introduced"), next: StoredAuthority, ...phaseMembers }),
  /** The next CA signs and every leaf is its own; what the old one signed is still accepted. */
  z.strictObject({ phase: z.literal("signing"), retiring: z.string(), ...phaseMembers }),
  /** The same, and `ca.pem` has changed once more: programs opened their connections anew for it. */
  z.strictObject({ phase: z.literal("leaving"), retiring: z.string(), ...phaseMembers }),
]);
export type Rotation = z.output<typeof Rotation>;

/** The CA that signs, and what takes its place or had it before. */
const Authorities = z.strictObject({ signing: StoredAuthority, rotation: Rotation.optional() });
export type Authorities = z.output<typeof Authorities>;

/**
 * The certificates that everyone is to trust, in PEM. The order is part of it: with each change of this text
 * programs open their connections anew.
 */
export function bundleOf({ signing, rotation }: Authorities): string {
  switch (rotation?.phase) {
    case undefined:
      return signing.cert;
    case "introduced":
      return signing.cert + rotation.next.cert;
    case "signing":
      return rotation.retiring + signing.cert;
    case "leaving":
      return signing.cert + rotation.retiring;
  }
}

/** @throws when what lies there is not what was written: a CA is not replaced by accident. */
export async function readAuthorities(dir: string): Promise<Authorities | undefined> {
  const text = await readIfThere(`${dir}/ca.json`);
  if (text === undefined) return undefined;
  try {
    return Authorities.parse(JSON.parse(text));
  } catch {
    // The cause would quote a key.
    throw new Error(`Cannot read the CA: "${dir}/ca.json" is damaged`);
  }
}

/** The bundle first: nothing is ever signed by a CA that was not published before. */
export async function writeAuthorities(dir: string, authorities: Authorities): Promise<void> {
  await writePrivateFile(`${dir}/ca.pem`, bundleOf(authorities));
  await writePrivateFile(`${dir}/ca.json`, `${JSON.stringify(authorities, null, 2)}\n`);
}

/** Whether `ca.pem` holds what it must. It does not when a run was stopped in between. */
export async function isPublished(dir: string, authorities: Authorities): Promise<boolean> {
  return await readIfThere(`${dir}/ca.pem`) === bundleOf(authorities);
}
