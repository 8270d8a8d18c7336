import { equal } from "node:assert/strict";
import { libcryptoPaths, openSignatureVerifier, RuntimeVerifier } from "platform/signatures";
import { signatureVerifierContract } from "./signature_verifier_contract.ts";

const fastest = openSignatureVerifier();
const hasLibcrypto = fastest.library === "libcrypto";
fastest[Symbol.dispose]();

signatureVerifierContract("RuntimeVerifier", () => new RuntimeVerifier());
signatureVerifierContract("LibcryptoVerifier", hasLibcrypto ? openSignatureVerifier : undefined);

const isThere = libcryptoPaths.some((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

Deno.test("OpenSSL's library is used where it is there and may be loaded", () => {
  equal(hasLibcrypto, isThere);
});

Deno.test({
  name:
    "the runtime verifies where OpenSSL's library may not be loaded, and nobody is asked for the right",
  permissions: { ffi: false },
  fn() {
    using verifier = openSignatureVerifier();
    equal(verifier.library, "runtime");
  },
});

Deno.test("the runtime verifies where no library is at the paths that may be loaded", () => {
  for (const paths of [["/usr/lib/nowhere/libcrypto.so.3"], []]) {
    using verifier = openSignatureVerifier(paths);
    equal(verifier.library, "runtime");
  }
});
