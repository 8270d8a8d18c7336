import { z } from "zod";
import type { DocumentCipher } from "platform/crypto";

/** How a cache's values are written down, each bound to its key. */
export interface CacheCodec<Value> {
  encode(value: Value, key: string): string;
  /** @throws when `text` is no such value. */
  decode(text: string, key: string): Value;
}

/** Values as JSON, for those that hold nothing personal. */
export function jsonCodec<Value>(schema: z.ZodType<Value>): CacheCodec<Value> {
  return {
    encode: (value) => JSON.stringify(value),
    decode: (text) => schema.parse(JSON.parse(text)),
  };
}

const Sealed = z.object({ keyId: z.string(), document: z.record(z.string(), z.unknown()) });

/**
 * Values sealed by `cipher`, for what holds personal data. One that was sealed for another key of the
 * cache, or under a key that is gone, does not open.
 */
export function sealedCodec<Value>(
  cipher: DocumentCipher<{ readonly value: Value }>,
): CacheCodec<Value> {
  return {
    encode: (value, key) => JSON.stringify(cipher.seal(key, { value })),
    decode: (text, key) => cipher.open(key, Sealed.parse(JSON.parse(text))).value,
  };
}
