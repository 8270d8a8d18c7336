import type { KeyRing } from "./key_ring.ts";

const nonceBytes = 12;
const tagBits = 128;

/** The one place where a ciphertext opens: moved to another record or field, it does not. */
export interface FieldPlace {
  readonly service: string;
  readonly table: string;
  readonly record: string;
  readonly field: string;
}

/** A ciphertext does not open: it was changed, moved, or its key is gone. */
export class FieldCipherError extends Error {
  override readonly name = "FieldCipherError";
}

/**
 * Encrypts single fields with AES-256-GCM. A sealed field reads
 * `<key id>.<base64url of nonce (12 bytes), ciphertext, tag (16 bytes)>`; the place and the key id are
 * authenticated with it. Nonces are random: a key is good for 2³² fields.
 *
 * @see {@link https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf | NIST SP 800-38D, 8.3}
 */
export class FieldCipher {
  readonly #ring: KeyRing;

  constructor(ring: KeyRing) {
    this.#ring = ring;
  }

  async seal(text: string, place: FieldPlace): Promise<string> {
    const keyId = this.#ring.currentId;
    const iv = crypto.getRandomValues(new Uint8Array(nonceBytes));
    const parameters = {
      name: "AES-GCM",
      iv,
      additionalData: dataOf(place, keyId),
      tagLength: tagBits,
    };
    const plain = new TextEncoder().encode(text);
    const sealed = await crypto.subtle.encrypt(parameters, this.#key(keyId), plain);
    const bytes = new Uint8Array(nonceBytes + sealed.byteLength);
    bytes.set(iv);
    bytes.set(new Uint8Array(sealed), nonceBytes);
    return `${keyId}.${bytes.toBase64({ alphabet: "base64url", omitPadding: true })}`;
  }

  /** @throws {FieldCipherError} when `sealed` was not sealed for `place` by a key of the ring. */
  async open(sealed: string, place: FieldPlace): Promise<string> {
    const dot = sealed.lastIndexOf(".");
    const keyId = sealed.slice(0, dot);
    const key = this.#key(keyId);
    try {
      const bytes = Uint8Array.fromBase64(sealed.slice(dot + 1), { alphabet: "base64url" });
      const iv = bytes.subarray(0, nonceBytes);
      const parameters = {
        name: "AES-GCM",
        iv,
        additionalData: dataOf(place, keyId),
        tagLength: tagBits,
      };
      const plain = await crypto.subtle.decrypt(parameters, key, bytes.subarray(nonceBytes));
      return new TextDecoder().decode(plain);
    } catch (cause) {
      throw new FieldCipherError(`Cannot open field "${place.field}": it was not sealed here`, {
        cause,
      });
    }
  }

  #key(id: string): CryptoKey {
    const key = this.#ring.keys.get(id);
    if (!key) throw new FieldCipherError("Cannot use field: its key is not in the ring");
    return key;
  }
}

function dataOf(
  { service, table, record, field }: FieldPlace,
  keyId: string,
): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify([service, table, record, field, keyId]));
}
