import type { JsonWebKey } from "node:crypto";

/** What each algorithm of a JSON Web Signature asks of its key, and of the signature. */
export interface SignatureTraits {
  readonly kty: "EC" | "RSA" | "OKP";
  /** The one curve that fits. An RSA key has none. */
  readonly crv?: string;
  readonly hash?: "sha256" | "sha384" | "sha512";
  /** How long every signature is. That of RSA is as long as its modulus. */
  readonly signatureBytes?: number;
  readonly isPss?: true;
}

/**
 * The algorithms with a public key.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7518#section-3.1 | RFC 7518, algorithms}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8037#section-3.1 | RFC 8037, EdDSA}
 */
export const signatureTraits = {
  ES256: { kty: "EC", crv: "P-256", hash: "sha256", signatureBytes: 64 },
  ES384: { kty: "EC", crv: "P-384", hash: "sha384", signatureBytes: 96 },
  ES512: { kty: "EC", crv: "P-521", hash: "sha512", signatureBytes: 132 },
  RS256: { kty: "RSA", hash: "sha256" },
  RS384: { kty: "RSA", hash: "sha384" },
  RS512: { kty: "RSA", hash: "sha512" },
  PS256: { kty: "RSA", hash: "sha256", isPss: true },
  PS384: { kty: "RSA", hash: "sha384", isPss: true },
  PS512: { kty: "RSA", hash: "sha512", isPss: true },
  EdDSA: { kty: "OKP", crv: "Ed25519", signatureBytes: 64 },
} as const satisfies Record<string, SignatureTraits>;

export type SignatureAlgorithm = keyof typeof signatureTraits;

/** Spelled exactly so: `es256` and `toString` are no algorithms. */
export function isSignatureAlgorithm(name: unknown): name is SignatureAlgorithm {
  return typeof name === "string" && Object.hasOwn(signatureTraits, name);
}

/** A public key that checks signatures of the one algorithm it was imported for. */
export interface VerifyingKey extends Disposable {
  readonly algorithm: SignatureAlgorithm;
  /**
   * Whether `signature` is this key's of `data`. ECDSA signatures are `r` and `s` side by side, as JOSE has
   * them, and never DER. A signature of another length is false, not an error.
   *
   * @throws {DisposedKeyError} when the key was given up.
   */
  verify(data: Uint8Array, signature: Uint8Array): boolean;
}

/**
 * Checks signatures. Each key takes its algorithm when it is imported, so nothing that a token says can
 * choose another. Giving the verifier up gives up its keys.
 */
export interface SignatureVerifier extends Disposable {
  /** What does the work: for logs and benchmarks. */
  readonly library: "libcrypto" | "runtime";
  /**
   * @throws {UnfitKeyError} when `jwk` is no public key that is safe to use with `algorithm`.
   * @throws {DisposedKeyError} when the verifier was given up.
   */
  importKey(jwk: JsonWebKey, algorithm: SignatureAlgorithm): VerifyingKey;
}

/** A key that must not be used for the algorithm it was meant for. */
export class UnfitKeyError extends Error {
  override readonly name = "UnfitKeyError";
}

/** A key, or its verifier, was used after it was given up. */
export class DisposedKeyError extends Error {
  override readonly name = "DisposedKeyError";

  constructor() {
    super("Cannot use key: it was given up");
  }
}
