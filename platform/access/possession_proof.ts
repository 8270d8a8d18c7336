import { createHash, type JsonWebKey } from "node:crypto";
import { z } from "zod";
import {
  type SignatureAlgorithm,
  type SignatureVerifier,
  UnfitKeyError,
} from "platform/signatures";
import { readProofToken } from "./compact_token.ts";

/** How long a proof is good, and how far ahead of us its maker's clock may be. Together less than a minute. */
export const proofAgeSecondsMax = 50;
const aheadSecondsMax = 5;

/** What proofs may be signed by. */
export const proofAlgorithms: readonly SignatureAlgorithm[] = ["ES256", "EdDSA", "RS256"];

/** Members that only a private key has. */
const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/** What a key's thumbprint is made of, in this order. */
const thumbprintMembers: Readonly<Record<string, readonly string[]>> = {
  EC: ["crv", "kty", "x", "y"],
  OKP: ["crv", "kty", "x"],
  RSA: ["e", "kty", "n"],
};

const ProofClaims = z.object({
  jti: z.string().min(1).max(256),
  htm: z.string(),
  htu: z.string().max(4_096),
  iat: z.number(),
  ath: z.string(),
});

/** What a proof must be for. */
export interface ProvenRequest {
  readonly method: string;
  /** URLs without query that all name what is asked for: the edge may have more names than one. */
  readonly targets: readonly string[];
  readonly token: string;
  readonly nowSeconds: number;
}

/** A proof that is good, unless it was shown before. */
export interface Proof {
  /** Of the key that made it (RFC 7638). */
  readonly thumbprint: string;
  readonly jti: string;
}

/**
 * Checks a proof of possession. Does not check whether it was shown before.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-4.3 | RFC 9449, checking DPoP proofs}
 */
export function readProof(
  text: string,
  { method, targets, token, nowSeconds }: ProvenRequest,
  verifier: SignatureVerifier,
): Proof | undefined {
  const read = readProofToken(text);
  if (!read || read.typ !== "dpop+jwt") return undefined;
  const { alg, jwk, claims, signed, signature } = read;
  const { success, data } = ProofClaims.safeParse(claims);
  if (!success || !proofAlgorithms.some((name) => name === alg)) return undefined;
  const isInTime = nowSeconds - proofAgeSecondsMax <= data.iat &&
    data.iat <= nowSeconds + aheadSecondsMax;
  const isForThis = data.htm === method && targets.includes(withoutQuery(data.htu)) &&
    data.ath === createHash("sha256").update(token).digest("base64url");
  const thumbprint = thumbprintOf(jwk);
  if (!isInTime || !isForThis || thumbprint === undefined) return undefined;
  try {
    using key = verifier.importKey(jwk as JsonWebKey, alg as SignatureAlgorithm);
    return key.verify(signed, signature) ? { thumbprint, jti: data.jti } : undefined;
  } catch (thrown) {
    if (thrown instanceof UnfitKeyError) return undefined;
    throw thrown;
  }
}

/** Two spellings of one URL are one: RFC 9449 has it compared after normalization, without query and fragment. */
function withoutQuery(text: string): string {
  const url = URL.parse(text);
  if (!url || url.username !== "" || url.password !== "") return "";
  return url.origin + url.pathname;
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc7638 | RFC 7638, JWK thumbprint} */
function thumbprintOf(jwk: Readonly<Record<string, unknown>>): string | undefined {
  const members = Object.hasOwn(thumbprintMembers, String(jwk["kty"]))
    ? thumbprintMembers[String(jwk["kty"])]!
    : undefined;
  if (!members || privateMembers.some((name) => Object.hasOwn(jwk, name))) return undefined;
  const values = members.map((name) => jwk[name]);
  if (!values.every((value) => typeof value === "string")) return undefined;
  const text = JSON.stringify(Object.fromEntries(members.map((name, at) => [name, values[at]])));
  return createHash("sha256").update(text).digest("base64url");
}
