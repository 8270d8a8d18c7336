import { createHmac } from "node:crypto";
import type { KeyRing } from "./key_ring.ts";

/** Finds a sealed value by equality: HMAC-SHA-256 under a key of its own. */
export interface BlindIndex {
  /** Equal for equal values, and for no others. Whoever lacks the key can neither make nor check it. */
  of(value: string): string;
}

/**
 * The index of one field: the same value in another field has another one. It tells whoever reads the
 * database which records share a value, and nothing else of it.
 */
export function blindIndexOf(
  ring: KeyRing,
  { service, table, field }: {
    readonly service: string;
    readonly table: string;
    readonly field: string;
  },
): BlindIndex {
  return {
    of: (value) =>
      ring.withBlindIndexKey((key) =>
        createHmac("sha256", key)
          .update(JSON.stringify([service, table, field, value]))
          .digest("base64url")
      ),
  };
}
