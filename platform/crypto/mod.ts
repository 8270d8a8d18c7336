export * from "./field_cipher.ts";
export * from "./key_ring.ts";
