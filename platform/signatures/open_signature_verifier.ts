import { loadLibcrypto } from "./libcrypto.ts";
import { LibcryptoVerifier } from "./libcrypto_verifier.ts";
import { RuntimeVerifier } from "./runtime_verifier.ts";
import type { SignatureVerifier } from "./signature_verifier.ts";

/**
 * The fastest verifier that this program may use and that the machine has: OpenSSL's library, where the right
 * to load it was given by path, else the runtime. Both accept the same signatures.
 */
export function openSignatureVerifier(paths?: readonly string[]): SignatureVerifier {
  const libcrypto = loadLibcrypto(paths);
  return libcrypto ? new LibcryptoVerifier(libcrypto) : new RuntimeVerifier();
}
