import { createHmac, timingSafeEqual } from "node:crypto";
import {
  isSignatureAlgorithm,
  jwkOfPem,
  type SignatureAlgorithm,
  type SignatureVerifier,
  UnfitKeyError,
} from "platform/signatures";

const hmacHashes = { HS256: "sha256", HS384: "sha384", HS512: "sha512" } as const;

export type HmacAlgorithm = keyof typeof hmacHashes;
export type ConsumerAlgorithm = HmacAlgorithm | SignatureAlgorithm;

/** What a consumer of the gateway signs its own tokens with: Kong's `jwt_secrets`, by Kong's names. */
export interface ConsumerCredential {
  /** What the token says in the claim by which its credential is found. */
  readonly key: string;
  readonly algorithm: ConsumerAlgorithm;
  /** For HS algorithms, which need one. */
  readonly secret?: string;
  /** For all the others, whether RSA or not: the PEM of the public key. */
  readonly "rsa_public_key"?: string;
}

export interface ConsumerKeyOptions {
  /** What checks signatures by public keys. */
  readonly verifier: SignatureVerifier;
  /** Whether secrets are written in base64, of either alphabet. */
  readonly secretIsBase64?: boolean;
}

/** A consumer's credential, ready to check signatures of its one algorithm, whatever a token says of its own. */
export interface ConsumerKey extends Disposable {
  readonly key: string;
  readonly algorithm: ConsumerAlgorithm;
  verify(data: Uint8Array, signature: Uint8Array): boolean;
}

/**
 * Prepares a credential for use. How long a secret is, is for whoever chose it: any but an empty one is taken.
 *
 * @throws {UnfitKeyError} when what its algorithm needs is not there, or not fit for it.
 */
export function openConsumerKey(
  credential: ConsumerCredential,
  { verifier, secretIsBase64 = false }: ConsumerKeyOptions,
): ConsumerKey {
  const { key, algorithm } = credential;
  if (isHmacAlgorithm(algorithm)) {
    const secret = secretBytes(credential.secret, secretIsBase64);
    return new HmacKey(key, algorithm, secret);
  }
  if (!isSignatureAlgorithm(algorithm)) {
    throw new UnfitKeyError("Cannot use credential: its algorithm is not known");
  }
  const verifying = verifier.importKey(jwkOfPem(credential.rsa_public_key ?? ""), algorithm);
  return {
    key,
    algorithm,
    verify: (data, signature) => verifying.verify(data, signature),
    [Symbol.dispose]: () => verifying[Symbol.dispose](),
  };
}

function isHmacAlgorithm(name: string): name is HmacAlgorithm {
  return Object.hasOwn(hmacHashes, name);
}

class HmacKey implements ConsumerKey {
  readonly #secret: Uint8Array;

  constructor(readonly key: string, readonly algorithm: HmacAlgorithm, secret: Uint8Array) {
    this.#secret = secret;
  }

  verify(data: Uint8Array, signature: Uint8Array): boolean {
    const expected = createHmac(hmacHashes[this.algorithm], this.#secret).update(data).digest();
    return signature.length === expected.length && timingSafeEqual(expected, signature);
  }

  [Symbol.dispose](): void {
    this.#secret.fill(0);
  }
}

function secretBytes(secret: string | undefined, isBase64: boolean): Uint8Array {
  const bytes = isBase64 ? decoded(secret ?? "") : new TextEncoder().encode(secret);
  if (bytes.length === 0) throw new UnfitKeyError("Cannot use credential: it has no secret");
  // Everyone knows a public key, so that everyone could sign with it.
  if (new TextDecoder().decode(bytes).includes("-----BEGIN ")) {
    throw new UnfitKeyError(
      "Cannot use credential: its secret is a PEM, which HS algorithms have not",
    );
  }
  return bytes;
}

function decoded(secret: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(secret.replaceAll("-", "+").replaceAll("_", "/"));
  } catch (cause) {
    throw new UnfitKeyError("Cannot use credential: its secret is not base64", { cause });
  }
}
