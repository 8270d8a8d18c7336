import { FieldCipherError } from "./aes_gcm.ts";
import type { KeyRing } from "./key_ring.ts";

/**
 * Opens fields as they were sealed before records had data keys of their own: `<key id>.<base64url of nonce,
 * ciphertext, tag>`, directly under a key of the ring. For migrations alone: nothing seals so any more.
 */
export function formerFieldOf(
  ring: KeyRing,
  { service, table, field }: {
    readonly service: string;
    readonly table: string;
    readonly field: string;
  },
): (record: string, sealed: string) => string {
  return (record, text) => {
    const dot = text.lastIndexOf(".");
    const keyId = text.slice(0, dot);
    const context = JSON.stringify([service, table, record, field, keyId]);
    return new TextDecoder().decode(ring.open(keyId, bytesOf(text.slice(dot + 1)), context));
  };
}

function bytesOf(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text, { alphabet: "base64url" });
  } catch (cause) {
    throw new FieldCipherError("Cannot open field: it was not sealed here", { cause });
  }
}
