/**
 * Where Debian, and the images that are made from it, have OpenSSL 3's library. A program that may use it
 * names these two in its permission set, and nothing else.
 */
export const libcryptoPaths = [
  "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
  "/usr/lib/aarch64-linux-gnu/libcrypto.so.3",
] as const;

const symbols = {
  OPENSSL_init_crypto: { parameters: ["u64", "pointer"], result: "i32" },
  ERR_clear_error: { parameters: [], result: "void" },
  BIO_new_mem_buf: { parameters: ["buffer", "i32"], result: "pointer" },
  BIO_free: { parameters: ["pointer"], result: "i32" },
  d2i_PUBKEY_bio: { parameters: ["pointer", "pointer"], result: "pointer" },
  EVP_PKEY_free: { parameters: ["pointer"], result: "void" },
  EVP_PKEY_CTX_new: { parameters: ["pointer", "pointer"], result: "pointer" },
  EVP_PKEY_CTX_free: { parameters: ["pointer"], result: "void" },
  EVP_PKEY_verify_init: { parameters: ["pointer"], result: "i32" },
  EVP_PKEY_CTX_set_signature_md: { parameters: ["pointer", "pointer"], result: "i32" },
  EVP_PKEY_CTX_set_rsa_padding: { parameters: ["pointer", "i32"], result: "i32" },
  EVP_PKEY_CTX_set_rsa_pss_saltlen: { parameters: ["pointer", "i32"], result: "i32" },
  EVP_PKEY_verify: {
    parameters: ["pointer", "buffer", "usize", "buffer", "usize"],
    result: "i32",
  },
  EVP_sha256: { parameters: [], result: "pointer" },
  EVP_sha384: { parameters: [], result: "pointer" },
  EVP_sha512: { parameters: [], result: "pointer" },
  // These return where they wrote to, which is known.
  SHA256: { parameters: ["buffer", "usize", "buffer"], result: "void" },
  SHA384: { parameters: ["buffer", "usize", "buffer"], result: "void" },
  SHA512: { parameters: ["buffer", "usize", "buffer"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

/** OpenSSL's library, loaded. Calls take pointers and lengths: only `libcrypto_verifier.ts` makes them. */
export type Libcrypto = Deno.DynamicLibrary<typeof symbols>;

/** The machine's OpenSSL configuration is not read: what we accept is for us to say. */
const withoutConfig = 0x80n;
/** Nothing is taken down when the process ends, while threads of the runtime may still be at it. */
const withoutExitHandler = 0x80000n;

/**
 * The library at the first of `paths` that we have the right to load and that is there. Never asks for a
 * right that was not given.
 */
export function loadLibcrypto(paths: readonly string[] = libcryptoPaths): Libcrypto | undefined {
  for (const path of paths) {
    if (Deno.permissions.querySync({ name: "ffi", path }).state !== "granted") continue;
    const library = loaded(path);
    if (library) return library;
  }
  return undefined;
}

function loaded(path: string): Libcrypto | undefined {
  let library: Libcrypto;
  try {
    library = Deno.dlopen(path, symbols);
  } catch {
    // Not there, for another processor, or without a symbol that we need: the runtime does it then.
    return undefined;
  }
  if (library.symbols.OPENSSL_init_crypto(withoutConfig | withoutExitHandler, null) === 1) {
    return library;
  }
  library.close();
  return undefined;
}
