export * from "./field_cipher.ts";
export * from "./key_ring.ts";
export * from "./sealed_field.ts";
