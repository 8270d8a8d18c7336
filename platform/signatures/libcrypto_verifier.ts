import type { JsonWebKey, KeyObject } from "node:crypto";
import { ecdsaDer } from "./ecdsa_der.ts";
import type { Libcrypto } from "./libcrypto.ts";
import { publicKeyFor } from "./public_key.ts";
import { RuntimeVerifier } from "./runtime_verifier.ts";
import {
  DisposedKeyError,
  type SignatureAlgorithm,
  type SignatureTraits,
  signatureTraits,
  type SignatureVerifier,
  UnfitKeyError,
  type VerifyingKey,
} from "./signature_verifier.ts";

/** OpenSSL's names for a padding, and for a salt as long as the hash. */
const pssPadding = 6;
const saltLikeDigest = -1;

const hashes = {
  sha256: { bytes: 32, digest: "SHA256", method: "EVP_sha256" },
  sha384: { bytes: 48, digest: "SHA384", method: "EVP_sha384" },
  sha512: { bytes: 64, digest: "SHA512", method: "EVP_sha512" },
} as const;

/** What OpenSSL keeps for one key. Whoever holds it frees it, once. */
interface Handle {
  readonly key: Deno.PointerObject;
  readonly context: Deno.PointerObject;
}

/**
 * Checks signatures with OpenSSL's library, which is several times faster at ECDSA and RSA than the runtime.
 * Ed25519 is left to the runtime, which is faster at that.
 */
export class LibcryptoVerifier implements SignatureVerifier {
  readonly library = "libcrypto";
  readonly #libcrypto: Libcrypto;
  readonly #runtime = new RuntimeVerifier();
  readonly #handles = new Set<Handle>();
  /** For keys that nobody gave up: they are freed when nobody can use them any more. */
  readonly #forgotten = new FinalizationRegistry<Handle>((handle) => this.#free(handle));

  #isDisposed = false;

  constructor(libcrypto: Libcrypto) {
    this.#libcrypto = libcrypto;
  }

  importKey(jwk: JsonWebKey, algorithm: SignatureAlgorithm): VerifyingKey {
    if (this.#isDisposed) throw new DisposedKeyError();
    const key = publicKeyFor(jwk, algorithm);
    const { hash }: SignatureTraits = signatureTraits[algorithm];
    if (!hash) return this.#runtime.importKey(jwk, algorithm);
    const handle = this.#open(key, algorithm);
    this.#handles.add(handle);
    const imported = new LibcryptoKey(handle, algorithm, {
      library: this.#libcrypto,
      isHeld: () => this.#handles.has(handle),
      free: () => this.#free(handle),
    });
    this.#forgotten.register(imported, handle, handle);
    return imported;
  }

  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#runtime[Symbol.dispose]();
    for (const handle of this.#handles) this.#free(handle);
    this.#libcrypto.close();
  }

  #open(key: KeyObject, algorithm: SignatureAlgorithm): Handle {
    const { symbols: c } = this.#libcrypto;
    const der = new Uint8Array(key.export({ type: "spki", format: "der" }));
    const input = c.BIO_new_mem_buf(der, der.byteLength);
    const pointer = input && c.d2i_PUBKEY_bio(input, null);
    c.BIO_free(input);
    const context = pointer && c.EVP_PKEY_CTX_new(pointer, null);
    if (context && prepared(c, context, algorithm)) return { key: pointer, context };
    c.EVP_PKEY_CTX_free(context);
    c.EVP_PKEY_free(pointer);
    c.ERR_clear_error();
    throw new UnfitKeyError(`Cannot use key for ${algorithm}: OpenSSL does not take it`);
  }

  #free(handle: Handle): void {
    if (!this.#handles.delete(handle)) return;
    this.#forgotten.unregister(handle);
    const { symbols: c } = this.#libcrypto;
    c.EVP_PKEY_CTX_free(handle.context);
    c.EVP_PKEY_free(handle.key);
  }
}

/** Whether `context` is ready to verify any number of signatures of `algorithm`. */
function prepared(
  c: Libcrypto["symbols"],
  context: Deno.PointerObject,
  algorithm: SignatureAlgorithm,
): boolean {
  const { hash, isPss }: SignatureTraits = signatureTraits[algorithm];
  return c.EVP_PKEY_verify_init(context) === 1 &&
    (!isPss || c.EVP_PKEY_CTX_set_rsa_padding(context, pssPadding) === 1) &&
    c.EVP_PKEY_CTX_set_signature_md(context, c[hashes[hash!].method]()) === 1 &&
    (!isPss || c.EVP_PKEY_CTX_set_rsa_pss_saltlen(context, saltLikeDigest) === 1);
}

interface KeyOwner {
  readonly library: Libcrypto;
  readonly isHeld: () => boolean;
  readonly free: () => void;
}

class LibcryptoKey implements VerifyingKey {
  readonly #handle: Handle;
  readonly #owner: KeyOwner;
  readonly #traits: SignatureTraits;
  readonly #digest: Uint8Array<ArrayBuffer>;

  constructor(handle: Handle, readonly algorithm: SignatureAlgorithm, owner: KeyOwner) {
    this.#handle = handle;
    this.#owner = owner;
    this.#traits = signatureTraits[algorithm];
    this.#digest = new Uint8Array(hashes[this.#traits.hash!].bytes);
  }

  verify(data: Uint8Array, signature: Uint8Array): boolean {
    // What was freed may be another key's memory by now.
    if (!this.#owner.isHeld()) throw new DisposedKeyError();
    const { kty, hash, signatureBytes = signature.length } = this.#traits;
    if (signature.length !== signatureBytes || signature.length === 0) return false;
    const { symbols: c } = this.#owner.library;
    const given = kty === "EC" ? ecdsaDer(signature) : whole(signature);
    const digest = this.#digest;
    const message = whole(data);
    c[hashes[hash!].digest](message, BigInt(message.byteLength), digest);
    const { context } = this.#handle;
    const answer = c.EVP_PKEY_verify(
      context,
      given,
      BigInt(given.byteLength),
      digest,
      BigInt(digest.byteLength),
    );
    // One is yes, zero is no, and less than that is what OpenSSL could not even read.
    if (answer !== 1) c.ERR_clear_error();
    return answer === 1;
  }

  [Symbol.dispose](): void {
    this.#owner.free();
  }
}

/** The library takes memory that cannot be shared with, and changed by, another thread. */
function whole(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? bytes as Uint8Array<ArrayBuffer>
    : new Uint8Array(bytes);
}
