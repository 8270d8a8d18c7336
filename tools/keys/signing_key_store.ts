import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import { z } from "zod";
import { accessTokenSeconds, SigningKeys } from "@services/auth/signing-keys";
import { lockFolder } from "certs/folder-lock";
import { writePrivateFile } from "certs/private-file";

/** Auth looks at its keys every second, and verifiers look for an unknown key again after ten. */
export const publishSecondsMin = 12;
/** What the old key signed last, clocks that disagree by five seconds, and the second until auth looks. */
export const retireSecondsMin: number = accessTokenSeconds + 10;

const Rotation = z.strictObject({
  /** `published`: verifiers learn the new key, the old one signs. `signing`: the new one signs. */
  phase: z.enum(["published", "signing"]),
  since: z.iso.datetime(),
});
const StoredRotation = z.object({ rotation: Rotation.optional() });

interface StoredKeys extends SigningKeys {
  readonly rotation?: z.output<typeof Rotation> | undefined;
}

/** How long each phase lasts at least. */
export interface RotationWaits {
  readonly publishSeconds: number;
  readonly retireSeconds: number;
}

/** A change of keys that is under way. */
export interface SigningRotation {
  readonly phase: "published" | "signing";
  readonly kid: string;
  /** When the phase may end. */
  readonly dueAt: Date;
}

/** The contents of a first `OIDC_SIGNING_KEYS_FILE`. */
export async function newSigningKeys(): Promise<string> {
  return JSON.stringify({ keys: [await newSigningKey()] });
}

/**
 * Publishes a new key in the file at `path`, unless a change of keys is under way there.
 *
 * @throws {RangeError} for waits in which verifiers or tokens would be left behind.
 */
export async function beginSigningRotation(
  path: string,
  waits: RotationWaits,
  now: Date,
): Promise<void> {
  refuseShort(waits);
  using _lock = await lockFolder(folderOf(path));
  const { keys, rotation } = await read(path);
  if (rotation) return;
  const since = now.toISOString();
  const published = [...keys, await newSigningKey()];
  await write(path, { keys: published, rotation: { phase: "published", since } });
}

/**
 * Ends the phase of a change of keys that is due: the new key signs, and in the end it is alone. All of it is
 * in one file that is replaced as a whole, so that whoever was stopped goes on where the file says.
 *
 * @returns the phase under way after that.
 */
export async function advanceSigningRotation(
  path: string,
  waits: RotationWaits,
  now: Date,
): Promise<SigningRotation | undefined> {
  refuseShort(waits);
  using _lock = await lockFolder(folderOf(path));
  const stored = await read(path);
  const underWay = progressOf(stored, waits);
  if (!underWay || now < underWay.dueAt) return underWay;
  const after = advanced(stored, now);
  await write(path, after);
  return progressOf(after, waits);
}

function refuseShort({ publishSeconds, retireSeconds }: RotationWaits): void {
  if (!(publishSeconds >= publishSecondsMin)) {
    const least = `${publishSecondsMin} seconds`;
    throw new RangeError(`Cannot rotate signing keys: verifiers need ${least} to learn a new one`);
  }
  if (!(retireSeconds >= retireSecondsMin)) {
    const least = `${retireSecondsMin} seconds`;
    throw new RangeError(
      `Cannot rotate signing keys: what the old one signed is good for ${least}`,
    );
  }
}

function advanced({ keys, rotation }: StoredKeys, now: Date): StoredKeys {
  if (rotation?.phase === "signing") return { keys: keys.slice(0, 1) };
  const newest = keys.at(-1)!;
  const signing = [newest, ...keys.slice(0, -1)];
  return { keys: signing, rotation: { phase: "signing", since: now.toISOString() } };
}

function progressOf(
  { keys, rotation }: StoredKeys,
  { publishSeconds, retireSeconds }: RotationWaits,
): SigningRotation | undefined {
  if (!rotation) return undefined;
  const { phase, since } = rotation;
  const isPublished = phase === "published";
  const waitSeconds = isPublished ? publishSeconds : retireSeconds;
  return {
    phase,
    kid: keys.at(isPublished ? -1 : 0)!.kid,
    dueAt: new Date(Date.parse(since) + waitSeconds * 1000),
  };
}

async function newSigningKey(): Promise<SigningKeys["keys"][number]> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  return SigningKeys.parse({ keys: [{ ...jwk, kid }] }).keys[0]!;
}

async function read(path: string): Promise<StoredKeys> {
  const text = await Deno.readTextFile(path);
  try {
    const stored: unknown = JSON.parse(text);
    return { ...SigningKeys.parse(stored), ...StoredRotation.parse(stored) };
  } catch {
    // The cause would quote a key.
    throw new Error(`Cannot rotate signing keys: "${path}" holds none`);
  }
}

async function write(path: string, stored: StoredKeys): Promise<void> {
  await writePrivateFile(path, JSON.stringify(stored));
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
