import type { KeyObject } from "node:crypto";
import { decrypt, encrypt, FieldCipherError } from "./aes_gcm.ts";
import type { KeyUses } from "./key_uses.ts";

/** The keys of a ring, as they were read. */
export interface KeyRingContents {
  readonly currentKeyId: string;
  readonly keys: ReadonlyMap<string, KeyObject>;
  /** The key of blind indexes, for programs that have one. It is not rotated with the others. */
  readonly blindIndexKey: KeyObject | undefined;
}

/** The key that seals, and all that still open. Nobody gets the keys themselves out of it. */
export class KeyRing {
  readonly #uses: KeyUses;
  #contents: KeyRingContents;

  constructor(contents: KeyRingContents, uses: KeyUses) {
    this.#contents = contents;
    this.#uses = uses;
  }

  get currentKeyId(): string {
    return this.#contents.currentKeyId;
  }

  get keyIds(): readonly string[] {
    return [...this.#contents.keys.keys()];
  }

  /** From now on seals with the current key of `contents`, and opens with its keys only. */
  replace(contents: KeyRingContents): void {
    this.#contents = contents;
  }

  /**
   * Seals under the current key, for the context that `contextOf` makes of the key's id.
   *
   * @throws {KeyExhaustedError} when the key has been used as often as it may be.
   */
  seal(
    plain: Uint8Array,
    contextOf: (keyId: string) => string,
  ): { readonly keyId: string; readonly sealed: Uint8Array } {
    const keyId = this.#contents.currentKeyId;
    this.#uses.count(keyId);
    return { keyId, sealed: encrypt(this.#key(keyId), plain, contextOf(keyId)) };
  }

  /** @throws {FieldCipherError} when it was sealed otherwise, or its key is gone. */
  open(keyId: string, sealed: Uint8Array, context: string): Uint8Array {
    return decrypt(this.#key(keyId), sealed, context);
  }

  /** Calls `use` with the key of blind indexes. @throws when the ring has none. */
  withBlindIndexKey<T>(use: (key: KeyObject) => T): T {
    const { blindIndexKey } = this.#contents;
    if (!blindIndexKey) throw new Error("Cannot index: the key ring has no key for it");
    return use(blindIndexKey);
  }

  #key(id: string): KeyObject {
    const key = this.#contents.keys.get(id);
    if (!key) throw new FieldCipherError(`Cannot use key: "${id}" is not in the ring`);
    return key;
  }
}
