import type { KmsConfig } from "./kms_key_wrapping.ts";

/** Which key it is that is wrapped: it unwraps as this one, and as no other. */
export interface KeyContext {
  /** The program whose ring it is in. */
  readonly service: string;
  /** Its id in the ring. */
  readonly keyId: string;
}

export type KeyWrappingErrorCode =
  /** Nobody has answered: asking later may help. */
  | "unavailable"
  /** It was not wrapped so, or we may not ask: asking again does not help. */
  | "refused";

export class KeyWrappingError extends Error {
  override readonly name = "KeyWrappingError";

  constructor(readonly code: KeyWrappingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** What protects the keys in a key ring file. Both throw {@linkcode KeyWrappingError}. */
export interface KeyWrapping extends Disposable {
  /** @returns what stands in the file for `key`. */
  wrap(key: Uint8Array, context: KeyContext): Promise<Uint8Array>;
  unwrap(wrapped: Uint8Array, context: KeyContext): Promise<Uint8Array>;
}

/** The file holds the keys themselves: what protects them is who may read it. */
const plainKeys: KeyWrapping = {
  wrap: (key) => Promise.resolve(key),
  unwrap: (wrapped) => Promise.resolve(wrapped),
  [Symbol.dispose]() {},
};

/** The SDK is loaded by those who use it: it costs time and memory. */
export async function openKeyWrapping(kms: KmsConfig | undefined): Promise<KeyWrapping> {
  if (!kms) return plainKeys;
  const { KmsKeyWrapping } = await import("./kms_key_wrapping.ts");
  return new KmsKeyWrapping(kms);
}
