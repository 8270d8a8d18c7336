import { constants, type JsonWebKey, type KeyObject, verify } from "node:crypto";
import { publicKeyFor } from "./public_key.ts";
import {
  DisposedKeyError,
  type SignatureAlgorithm,
  type SignatureTraits,
  signatureTraits,
  type SignatureVerifier,
  type VerifyingKey,
} from "./signature_verifier.ts";

/** Checks signatures with what the runtime brings along. Needs no right, and works everywhere. */
export class RuntimeVerifier implements SignatureVerifier {
  readonly library = "runtime";
  #isDisposed = false;

  importKey(jwk: JsonWebKey, algorithm: SignatureAlgorithm): VerifyingKey {
    if (this.#isDisposed) throw new DisposedKeyError();
    const isGivenUp = () => this.#isDisposed;
    return new RuntimeKey(publicKeyFor(jwk, algorithm), algorithm, isGivenUp);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
  }
}

class RuntimeKey implements VerifyingKey {
  readonly #traits: SignatureTraits;
  readonly #isVerifierGivenUp: () => boolean;
  #key: KeyObject | undefined;

  constructor(
    key: KeyObject,
    readonly algorithm: SignatureAlgorithm,
    isVerifierGivenUp: () => boolean,
  ) {
    this.#traits = signatureTraits[algorithm];
    this.#isVerifierGivenUp = isVerifierGivenUp;
    this.#key = key;
  }

  verify(data: Uint8Array, signature: Uint8Array): boolean {
    const key = this.#key;
    if (!key || this.#isVerifierGivenUp()) throw new DisposedKeyError();
    const { kty, hash, signatureBytes = signature.length, isPss } = this.#traits;
    if (signature.length !== signatureBytes) return false;
    if (kty === "EC") {
      return verify(hash ?? null, data, { key, dsaEncoding: "ieee-p1363" }, signature);
    }
    return verify(hash ?? null, data, isPss ? { key, ...pss } : key, signature);
  }

  [Symbol.dispose](): void {
    this.#key = undefined;
  }
}

/** JOSE has the salt as long as the hash. @see RFC 7518, section 3.5 */
const pss = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
};
