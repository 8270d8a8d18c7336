import { FieldCipher } from "./field_cipher.ts";
import type { KeyRing } from "./key_ring.ts";

/** One field of a table. What is sealed for one record opens for that record, and no other. */
export class SealedField {
  readonly #cipher: FieldCipher;
  readonly #column: { readonly service: string; readonly table: string; readonly field: string };

  constructor(
    ring: KeyRing,
    column: { readonly service: string; readonly table: string; readonly field: string },
  ) {
    this.#cipher = new FieldCipher(ring);
    this.#column = column;
  }

  seal(text: string, record: string): Promise<string> {
    return this.#cipher.seal(text, { ...this.#column, record });
  }

  /** @throws {FieldCipherError} when `sealed` was not sealed for this field of `record`. */
  open(sealed: string, record: string): Promise<string> {
    return this.#cipher.open(sealed, { ...this.#column, record });
  }
}
