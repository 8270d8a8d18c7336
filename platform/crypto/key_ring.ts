import { z } from "zod";
import { configError } from "platform/config";

const keyBytes = 32;

const KeyRingFile = z.strictObject({
  current: z.string().min(1).max(64),
  keys: z.record(z.string().min(1).max(64), z.base64()),
}).refine(
  ({ current, keys }) => Object.hasOwn(keys, current),
  "The current key is not among the keys",
);

/** The key that encrypts, and all that still decrypt, by id. */
export interface KeyRing {
  readonly currentId: string;
  readonly keys: ReadonlyMap<string, CryptoKey>;
}

/**
 * Reads `{ "current": "k1", "keys": { "k1": "<base64 of 32 bytes>" } }`.
 * The keys cannot be read out of the ring again.
 *
 * @throws {ConfigError} naming `variable`, never its content.
 */
export async function parseKeyRing(variable: string, text: string): Promise<KeyRing> {
  const { current, keys: bytesById } = checkKeyRing(variable, text);
  const keys = new Map<string, CryptoKey>();
  for (const [id, bytes] of bytesById) {
    const usages: KeyUsage[] = ["encrypt", "decrypt"];
    keys.set(id, await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, usages));
  }
  return { currentId: current, keys };
}

/** @throws {ConfigError} as {@linkcode parseKeyRing} does, before any key is made. */
export function checkKeyRing(
  variable: string,
  text: string,
): { readonly current: string; readonly keys: ReadonlyMap<string, Uint8Array<ArrayBuffer>> } {
  const parsed = KeyRingFile.safeParse(parseJson(text));
  if (!parsed.success) throw configError([`${variable}: names no key ring file`]);
  const keys = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [id, encoded] of Object.entries(parsed.data.keys)) {
    const bytes = Uint8Array.fromBase64(encoded);
    if (bytes.byteLength !== keyBytes) {
      throw configError([`${variable}: key "${id}" must have ${keyBytes} bytes`]);
    }
    keys.set(id, bytes);
  }
  return { current: parsed.data.current, keys };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema refuses it, without echoing what a parser error would.
    return undefined;
  }
}
