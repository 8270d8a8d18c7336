export { libcryptoPaths } from "./libcrypto.ts";
export * from "./open_signature_verifier.ts";
export * from "./public_key.ts";
export { RuntimeVerifier } from "./runtime_verifier.ts";
export * from "./signature_verifier.ts";
