import { z } from "zod";

const keyIdCharactersMax = 64;
const KeyId = z.string().regex(/^[\w.-]+$/).max(keyIdCharactersMax);
/** With a retired key goes what it sealed: there are never many to keep. */
export const ringKeysMax = 32;

/**
 * What a key ring file holds: `{ "current": "k1", "keys": { "k1": "<base64>" }, "blindIndex": "<base64>" }`.
 * Each entry is a key of 32 bytes, or what KMS made of it. `blindIndex` is for programs that look
 * sealed values up.
 */
export const KeyRingFile = z.strictObject({
  current: KeyId,
  keys: z.record(KeyId, z.base64().min(1)),
  blindIndex: z.base64().min(1).optional(),
}).refine(
  ({ current, keys }) => Object.hasOwn(keys, current),
  "The current key is not among the keys",
).refine(({ keys }) => Object.keys(keys).length <= ringKeysMax, "It has too many keys");
export type KeyRingFile = z.output<typeof KeyRingFile>;

/** A key ring file cannot be used. Never tells what is in it. */
export class KeyRingError extends Error {
  override readonly name = "KeyRingError";
}

/** @throws {KeyRingError} */
export function parseKeyRingFile(text: string): KeyRingFile {
  const parsed = KeyRingFile.safeParse(parseJson(text));
  if (!parsed.success) throw new KeyRingError("names no key ring file");
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema refuses it, without echoing what a parser error would.
    return undefined;
  }
}
