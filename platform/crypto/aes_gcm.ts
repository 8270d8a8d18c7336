import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from "node:crypto";

const algorithm = "aes-256-gcm";
export const keyBytes = 32;
export const nonceBytes = 12;
export const tagBytes = 16;

/** A ciphertext does not open: it was changed, moved, or its key is gone. */
export class FieldCipherError extends Error {
  override readonly name = "FieldCipherError";
}

/**
 * Encrypts with AES-256-GCM under a random nonce of 96 bits. Whoever calls it counts how often a key
 * is used.
 *
 * @returns nonce (12 bytes), ciphertext, tag (16 bytes).
 * @see {@link https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf | NIST SP 800-38D, 8.2.2}
 */
export function encrypt(key: KeyObject, plain: Uint8Array, context: string): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(new TextEncoder().encode(context));
  return concat(nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

/** @throws {FieldCipherError} unless `sealed` is what {@linkcode encrypt} gave for this key and context. */
export function decrypt(key: KeyObject, sealed: Uint8Array, context: string): Uint8Array {
  if (sealed.byteLength < nonceBytes + tagBytes) {
    throw new FieldCipherError("Cannot decrypt: it is too short to have been sealed");
  }
  const nonce = sealed.subarray(0, nonceBytes);
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(new TextEncoder().encode(context));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    return concat(decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final());
  } catch (cause) {
    throw new FieldCipherError("Cannot decrypt: it was changed, moved, or is another key's", {
      cause,
    });
  }
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}
