import { z } from "zod";
import { readIfThere } from "certs/private-file";
import { cleanRoundsMin, type KeyRingFile, type KeyWrapping, ringKeysMax } from "platform/crypto";
import { allProcesses, type EncryptingProgram } from "./encrypting_program.ts";
import { readRing, writeDurably, writeRing } from "./ring_store.ts";

const keyBytes = 32;
const defaultStallTimeoutMs = 30_000;

export interface RotationOptions {
  readonly programs: readonly EncryptingProgram[];
  /** Where it is remembered which key is being rotated to, until the rotation is done. */
  readonly rotationFile: string;
  /** What protects the keys in the rings. */
  readonly wrapping: KeyWrapping;
  /** Called with what somebody at a terminal should see. */
  readonly report: (message: string) => void;
  readonly now: () => Date;
  /** How long a program may take to show that it goes on. */
  readonly stallTimeoutMs?: number;
}

const Rotation = z.strictObject({ keyId: z.string() });

/**
 * Afterwards each program seals under a new key, and has nothing left under another. Programs go on
 * answering meanwhile. In each ring the key is added first; it becomes current once every process of the
 * program has it, so that no process meets a key it does not know.
 *
 * Interrupted anywhere, the next call goes on with the same key. The old keys stay: {@linkcode retireKeys}.
 *
 * @returns the id of the key.
 */
export async function rotateKeys(options: RotationOptions): Promise<string> {
  using _lock = await lockFor(options);
  const keyId = await beginOrGoOn(options);
  await Promise.all(options.programs.map((program) => rotate(program, keyId, options)));
  await Deno.remove(options.rotationFile);
  return keyId;
}

/**
 * Afterwards each ring holds its current key alone. Whatever else was sealed under another, such as a backup
 * of the database, can never be opened again.
 *
 * @throws when a rotation is not done, or a program has something left under another key.
 */
export async function retireKeys(options: RotationOptions): Promise<void> {
  using _lock = await lockFor(options);
  if (await readIfThere(options.rotationFile) !== undefined) {
    throw new Error("Cannot retire keys: a rotation is not done, rotate first");
  }
  await Promise.all(options.programs.map((program) => retire(program, options)));
}

/** Two at a time would each make a key of the same id. Whoever dies lets go. */
async function lockFor({ rotationFile }: RotationOptions): Promise<Disposable> {
  const file = await Deno.open(`${rotationFile}.lock`, { create: true, write: true, mode: 0o600 });
  await file.lock(true);
  return { [Symbol.dispose]: () => file.close() };
}

async function beginOrGoOn({ rotationFile, report, now }: RotationOptions): Promise<string> {
  const there = await readIfThere(rotationFile);
  if (there !== undefined) {
    const { keyId } = Rotation.parse(JSON.parse(there));
    report(`Going on with the rotation to ${keyId}`);
    return keyId;
  }
  const random = crypto.getRandomValues(new Uint8Array(4)).toHex();
  const keyId = `k${now().toISOString().slice(0, 10)}-${random}`;
  await writeDurably(rotationFile, JSON.stringify({ keyId }));
  return keyId;
}

async function rotate(
  program: EncryptingProgram,
  keyId: string,
  { wrapping, report, stallTimeoutMs = defaultStallTimeoutMs }: RotationOptions,
): Promise<void> {
  const startedMs = performance.now();
  const { name, ringFile } = program;
  await addKey(program, keyId, wrapping);
  await allProcesses(program, {
    promise: `load key ${keyId}`,
    isThere: ({ keyIds }) => keyIds.includes(keyId),
    stallTimeoutMs,
  });
  report(`${name}: every process has ${keyId}`);
  const ring = await readRing(ringFile);
  if (ring.current !== keyId) await writeRing(ringFile, { ...ring, current: keyId });
  const statuses = await allProcesses(program, {
    promise: `seal everything under ${keyId}`,
    isThere: ({ currentKeyId, cleanRounds }) =>
      currentKeyId === keyId && cleanRounds >= cleanRoundsMin,
    stallTimeoutMs,
  });
  const count = statuses.reduce((sum, { resealed }) => sum + resealed, 0);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  report(`${name}: ${count} records sealed anew, nothing is left under another key (${seconds} s)`);
}

async function addKey(
  { name, ringFile }: EncryptingProgram,
  keyId: string,
  wrapping: KeyWrapping,
): Promise<void> {
  const ring = await readRing(ringFile);
  if (Object.hasOwn(ring.keys, keyId)) return;
  if (Object.keys(ring.keys).length >= ringKeysMax) {
    throw new Error(`Cannot rotate keys: the ring of ${name} is full, retire the old ones first`);
  }
  await refuseOtherWrapping({ name, ring }, wrapping);
  const key = crypto.getRandomValues(new Uint8Array(keyBytes));
  const entry = (await wrapping.wrap(key, { service: name, keyId })).toBase64();
  await writeRing(ringFile, { ...ring, keys: { ...ring.keys, [keyId]: entry } });
}

/** An entry that the programs cannot unwrap would keep them from starting. */
async function refuseOtherWrapping(
  { name, ring: { current, keys } }: { readonly name: string; readonly ring: KeyRingFile },
  wrapping: KeyWrapping,
): Promise<void> {
  const entry = Uint8Array.fromBase64(keys[current]!);
  const key = await wrapping.unwrap(entry, { service: name, keyId: current });
  if (key.byteLength === keyBytes) return;
  throw new Error(
    `Cannot rotate keys: those of ${name} are wrapped by KMS, set ENCRYPTION_KMS_KEY_ID`,
  );
}

async function retire(
  program: EncryptingProgram,
  { report, stallTimeoutMs = defaultStallTimeoutMs }: RotationOptions,
): Promise<void> {
  const { name, ringFile } = program;
  const ring = await readRing(ringFile);
  const { current, keys } = ring;
  await allProcesses(program, {
    promise: `have everything under ${current}`,
    isThere: ({ currentKeyId, cleanRounds }) =>
      currentKeyId === current && cleanRounds >= cleanRoundsMin,
    stallTimeoutMs,
  });
  await writeRing(ringFile, withCurrentOnly(ring));
  await allProcesses(program, {
    promise: "let go of its old keys",
    isThere: ({ keyIds }) => keyIds.length === 1,
    stallTimeoutMs,
  });
  report(`${name}: ${current} is left, old keys retired: ${Object.keys(keys).length - 1}`);
}

function withCurrentOnly(ring: KeyRingFile): KeyRingFile {
  return { ...ring, keys: { [ring.current]: ring.keys[ring.current]! } };
}
