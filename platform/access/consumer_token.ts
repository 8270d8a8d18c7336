import { type CompactToken, readCompactToken } from "./compact_token.ts";
import type { ConsumerKey } from "./consumer_key.ts";

/** Why a consumer's token was refused. */
export type ConsumerTokenErrorCode =
  | "malformed"
  | "key_claim_missing"
  | "key_claim_invalid"
  | "wrong_algorithm"
  | "claim_not_number"
  | "expired"
  | "not_yet_valid"
  | "expires_too_late"
  | "bad_signature";

/** A consumer's token is not accepted. The message is Kong's, and safe to show. */
export class ConsumerTokenError extends Error {
  override readonly name = "ConsumerTokenError";

  constructor(
    readonly code: ConsumerTokenErrorCode,
    message: string,
    /** The claim that is wrong, where it is one of those that Kong names. */
    readonly claim?: VerifiedClaim,
  ) {
    super(message);
  }
}

/** Claims that can be verified beyond the signature, each demanded where it is named. */
export type VerifiedClaim = "exp" | "nbf";

/** Kong's configuration of its plugin `jwt`, by Kong's names. */
export interface ConsumerTokenRules {
  readonly "claims_to_verify": readonly VerifiedClaim[];
  /** How many seconds ahead `exp` may lie. 0 means no limit. Not looked at unless `exp` is verified. */
  readonly "maximum_expiration": number;
}

/**
 * A consumer's token, taken apart. Nothing of it is believed yet.
 *
 * @throws {ConsumerTokenError} `malformed` for what is no signed JWT, calls itself something else, or is one that
 *   {@linkcode readCompactToken} refuses.
 */
export function readConsumerToken(text: string): CompactToken {
  const token = readCompactToken(text);
  if (!token) throw new ConsumerTokenError("malformed", "Bad token");
  // Kong's rule. An access token of an issuer has another type, and is never taken for a consumer's.
  const isJwt = token.typ === undefined ||
    typeof token.typ === "string" && token.typ.toUpperCase() === "JWT";
  if (!isJwt) throw new ConsumerTokenError("malformed", "Bad token; invalid typ");
  return token;
}

/**
 * The `key` of the credential that a token says it was signed with, by the claim `keyClaimName`, or by the
 * header of that name where there is no such claim.
 *
 * @throws {ConsumerTokenError} `key_claim_missing`, or `key_claim_invalid` for what is no text or an empty one.
 */
export function credentialKeyOf({ claims, header }: CompactToken, keyClaimName = "iss"): string {
  const said = own(claims, keyClaimName) ?? own(header, keyClaimName);
  if (said === undefined || said === null) {
    throw new ConsumerTokenError(
      "key_claim_missing",
      `No mandatory '${keyClaimName}' in claims`,
    );
  }
  if (typeof said !== "string" || said === "") {
    throw new ConsumerTokenError("key_claim_invalid", `Invalid '${keyClaimName}' in claims`);
  }
  return said;
}

function own(members: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

/**
 * The claims of a token that the holder of `key` has signed, by the algorithm of its credential and no other.
 * Does not check that the token names this credential: whoever looked the key up by
 * {@linkcode credentialKeyOf} has. As in Kong, the clock has no tolerance.
 *
 * @throws {ConsumerTokenError} and looks at the signature last.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8725#section-3.1 | RFC 8725, algorithm verification}
 */
export function verifyConsumerToken(
  token: CompactToken,
  key: ConsumerKey,
  rules: ConsumerTokenRules & { readonly now: Date },
): Readonly<Record<string, unknown>> {
  if (token.alg !== key.algorithm) {
    throw new ConsumerTokenError("wrong_algorithm", "Invalid algorithm");
  }
  verifyTimes(token.claims, rules);
  if (!key.verify(token.signed, token.signature)) {
    throw new ConsumerTokenError("bad_signature", "Invalid signature");
  }
  return token.claims;
}

function verifyTimes(
  claims: Readonly<Record<string, unknown>>,
  { "claims_to_verify": names, "maximum_expiration": secondsMax, now }: ConsumerTokenRules & {
    readonly now: Date;
  },
): void {
  const nowSeconds = now.getTime() / 1000;
  for (const name of names) {
    const seconds = own(claims, name);
    if (typeof seconds !== "number" || !Number.isFinite(seconds)) {
      throw new ConsumerTokenError("claim_not_number", "must be a number", name);
    }
    if (name === "exp" && seconds <= nowSeconds) {
      throw new ConsumerTokenError("expired", "token expired", name);
    }
    if (name === "nbf" && seconds > nowSeconds) {
      throw new ConsumerTokenError("not_yet_valid", "token not valid yet", name);
    }
    if (name === "exp" && secondsMax > 0 && seconds - nowSeconds > secondsMax) {
      throw new ConsumerTokenError("expires_too_late", "exceeds maximum allowed expiration", name);
    }
  }
}
