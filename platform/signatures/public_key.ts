import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { z } from "zod";
import {
  type SignatureAlgorithm,
  type SignatureTraits,
  signatureTraits,
  UnfitKeyError,
} from "./signature_verifier.ts";

/** What an attacker who rents computers cannot factor. @see RFC 7518, section 3.3 */
const modulusBitsMin = 2048;
/** A larger one makes each signature slow: whoever can name a key could keep us busy. */
const modulusBitsMax = 8192;
/** Ours and everyone's is 65537. A long one costs as a long modulus does. */
const exponentMax = 2n ** 32n;

/** What is said of a key besides itself. @see RFC 7517, section 4 */
const Purpose = z.object({
  kty: z.string(),
  crv: z.string().optional(),
  alg: z.string().optional(),
  use: z.literal("sig").optional(),
  "key_ops": z.array(z.string()).refine((ops) => ops.includes("verify")).optional(),
  // A private or a secret key has no business here.
  d: z.undefined().optional(),
  k: z.undefined().optional(),
});

/**
 * The public key that `jwk` is, fit for `algorithm`: of its type, on its curve, of a safe size, and not
 * said to be for anything else.
 *
 * @throws {UnfitKeyError}
 */
export function publicKeyFor(jwk: JsonWebKey, algorithm: SignatureAlgorithm): KeyObject {
  const traits: SignatureTraits = signatureTraits[algorithm];
  const { success, data } = Purpose.safeParse(jwk);
  const isMeantForIt = success && data.kty === traits.kty && data.crv === traits.crv &&
    (data.alg === undefined || data.alg === algorithm);
  if (!isMeantForIt) throw new UnfitKeyError(`Cannot use key for ${algorithm}: it is not for that`);
  const { kty, crv, x, y, n, e } = jwk;
  const key = parsed({ kty, crv, x, y, n, e }, algorithm);
  if (traits.kty === "RSA" && !isSafe(key)) {
    throw new UnfitKeyError(`Cannot use key for ${algorithm}: its size is not safe`);
  }
  return key;
}

function parsed(members: Record<string, unknown>, algorithm: SignatureAlgorithm): KeyObject {
  const given = Object.entries(members).filter(([, value]) => value !== undefined);
  try {
    // A point that is not on its curve is refused here.
    return createPublicKey({ key: Object.fromEntries(given) as JsonWebKey, format: "jwk" });
  } catch (cause) {
    throw new UnfitKeyError(`Cannot use key for ${algorithm}: it is no key`, { cause });
  }
}

function isSafe({ asymmetricKeyDetails: details }: KeyObject): boolean {
  const { modulusLength: bits = 0, publicExponent: exponent = 0n } = details ?? {};
  return bits >= modulusBitsMin && bits <= modulusBitsMax &&
    exponent >= 3n && exponent <= exponentMax && exponent % 2n === 1n;
}

/**
 * The public key in a PEM text: SPKI or, of RSA, PKCS #1.
 *
 * @throws {UnfitKeyError} when there is none. A private key is not taken for its public one.
 */
export function jwkOfPem(pem: string): JsonWebKey {
  if (!/^\s*-----BEGIN (RSA )?PUBLIC KEY-----/.test(pem)) {
    throw new UnfitKeyError("Cannot use key: it is no PEM of a public key");
  }
  try {
    return createPublicKey(pem).export({ format: "jwk" });
  } catch (cause) {
    throw new UnfitKeyError("Cannot use key: it is no PEM of a public key", { cause });
  }
}
