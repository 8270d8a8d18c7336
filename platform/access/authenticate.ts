import type { JWTVerifyGetKey } from "jose";
import { Problem, problemTypes } from "platform/problem";
import {
  RuntimeVerifier,
  type SignatureAlgorithm,
  type SignatureVerifier,
} from "platform/signatures";
import type { Authenticate, Principal } from "./access.ts";
import { AccessClaims, principalOf } from "./access_claims.ts";
import { type CompactToken, readCompactToken, tokenLengthMax } from "./compact_token.ts";
import { type IssuerKeys, type KeyAges, keysOf, publishedKeys } from "./issuer_keys.ts";
import {
  checkSender,
  type Confirmation,
  type SenderConstraintOptions,
} from "./sender_constraint.ts";
import { rememberedSecondsMax, VerifiedTokens } from "./verified_tokens.ts";

/** Signature algorithms we accept. A symmetric one would let whoever verifies also issue. */
const defaultAlgorithms: readonly SignatureAlgorithm[] = ["ES256", "EdDSA", "RS256"];
/** What access tokens call themselves, so that no other token of the issuer's is taken for one. */
const defaultTypes = ["at+jwt"];
const clockToleranceSeconds = 5;

export interface TokenRules {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUri: string;
  /** Our own client id: `resource_access` of any other client counts for nothing. */
  readonly clientId: string;
  /** Which algorithms this issuer may sign by; ES256, EdDSA and RS256 when absent. */
  readonly algorithms?: readonly SignatureAlgorithm[];
  /** What this issuer's access tokens may have as `typ`; `at+jwt` alone when absent. */
  readonly types?: readonly string[];
}

/** By what a token can be revoked before its time. */
export interface TokenIds {
  readonly sub: string;
  readonly jti: string | undefined;
  readonly sid: string | undefined;
  /** When it was given out, in seconds since 1970. */
  readonly iat: number;
  /** Which version of its owner's rights it was given out for; undefined where the issuer says none. */
  readonly securityVersion: number | undefined;
}

/** What holds for the tokens of all issuers. */
export interface VerificationOptions {
  readonly now?: () => Date;
  /** What checks signatures; the runtime when absent. */
  readonly verifier?: SignatureVerifier;
  /** Asked at every use of a token, remembered or not. */
  readonly isRevoked?: (token: TokenIds) => boolean;
  /** By what senders show that they hold the keys of bound tokens. Absent: a bound token is refused. */
  readonly sender?: SenderConstraintOptions;
  /** How many verified tokens are remembered; 10,000 when absent. 0 has each verified at each use. */
  readonly verifiedTokensMax?: number;
}

/** An issuer, and how its keys are reached. */
export interface IssuerOptions extends TokenRules {
  /** Carries JWKS requests: over mutual TLS to our own auth service. */
  readonly fetch: typeof fetch;
  readonly keyAges?: Partial<KeyAges>;
}

export interface AuthenticatorOptions extends IssuerOptions, VerificationOptions {}

interface Issuer {
  readonly rules: TokenRules;
  readonly keys: IssuerKeys;
}

interface Verified extends TokenIds {
  readonly principal: Principal;
  readonly confirmation: Confirmation | undefined;
  readonly rememberedUntilSeconds: number;
  readonly notBeforeSeconds: number;
  readonly expiresSeconds: number;
}

/**
 * Accepts signed access tokens of one issuer, meant for us and not yet expired.
 * A token seen before is not verified again: a bounded memory keeps the last 10,000 for five minutes, and its
 * times and `isRevoked` are checked at each use. It is emptied when the issuer is seen to have withdrawn a key.
 * Without `isRevoked`, revocation is not checked: our own tokens live five minutes.
 *
 * The issuer may change its keys at any time, if it publishes a new one eleven seconds before that one signs.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9068 | RFC 9068, JWT access tokens}
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticate {
  return createAuthenticatorOf([options], options);
}

/**
 * As {@linkcode createAuthenticator}, for several issuers: a token is held to the rules of the one that it
 * names, and to that one's keys.
 *
 * @throws when two issuers have the same name.
 */
export function createAuthenticatorOf(
  issuers: readonly IssuerOptions[],
  options: VerificationOptions = {},
): Authenticate {
  const verifier = options.verifier ?? new RuntimeVerifier();
  return authenticatorBy({ ...options, verifier }, (onWithdrawn) =>
    issuers.map((rules) => {
      const { jwksUri, fetch, keyAges: ages = {} } = rules;
      const remote = { jwksUri, fetch, verifier, ages, onWithdrawn };
      return { rules, keys: publishedKeys(remote) };
    }));
}

/** As {@linkcode createAuthenticator}, with the issuer's keys at hand: what tests and other key sources use. */
export function authenticatorFor(
  rules: TokenRules,
  keys: JWTVerifyGetKey,
  now: () => Date,
  options: Pick<VerificationOptions, "isRevoked" | "sender"> = {},
): Authenticate {
  const issuer = { rules, keys: keysOf(keys, new RuntimeVerifier()) };
  return authenticatorBy({ ...options, now }, () => [issuer]);
}

function authenticatorBy(
  {
    now = () => new Date(),
    isRevoked = () => false,
    verifiedTokensMax,
    sender,
    verifier = new RuntimeVerifier(),
  }: VerificationOptions,
  open: (onWithdrawn: () => void) => readonly Issuer[],
): Authenticate {
  const verified = new VerifiedTokens<Verified>(
    verifiedTokensMax === undefined ? {} : { tokensMax: verifiedTokensMax },
  );
  const issuers = byName(open(() => verified.clear()));

  return (request, connection) => {
    const header = request.headers.get("authorization");
    const token = tokenIn(header);
    const isByProof = isProofScheme(header!);
    const nowSeconds = now().getTime() / 1000;
    const admit = (verified: Verified): Principal | Promise<Principal> => {
      const principal = inForce(verified, nowSeconds, isRevoked);
      const { confirmation } = verified;
      if (confirmation === undefined && !isByProof) return principal;
      if (!sender) throw invalidToken;
      const bound = { request, connection, token, confirmation, isByProof, nowSeconds };
      const checked = checkSender(bound, sender, verifier);
      return checked === undefined ? principal : checked.then(() => principal);
    };
    const seen = verified.find(token, nowSeconds);
    if (seen) return admit(seen);
    const read = readCompactToken(token);
    if (!read) throw invalidToken;
    const { claims, keys, signed, rules } = promising(read, issuers, nowSeconds);

    const believe = (isSigned: boolean): Principal | Promise<Principal> => {
      if (!isSigned) throw invalidToken;
      const fresh = verifiedFrom(claims, rules, nowSeconds);
      inForce(fresh, nowSeconds, isRevoked);
      verified.remember(token, fresh, nowSeconds);
      return admit(fresh);
    };
    const isSigned = keys.haveSigned(signed);
    return typeof isSigned === "boolean" ? believe(isSigned) : isSigned.then(believe);
  };
}

function byName(issuers: readonly Issuer[]): ReadonlyMap<string, Issuer> {
  const named = new Map(issuers.map((issuer) => [issuer.rules.issuer, issuer]));
  if (named.size !== issuers.length) {
    throw new Error("Cannot authenticate: two issuers have the same name");
  }
  return named;
}

function tokenIn(header: string | null): string {
  if (!header) throw unauthenticated;
  const [scheme, token, ...rest] = header.split(" ");
  const name = scheme?.toLowerCase();
  if (name !== "bearer" && name !== "dpop") throw unauthenticated;
  if (!token || rest.length > 0 || token.length > tokenLengthMax) throw invalidToken;
  return token;
}

/** Of the two schemes, by their first letter. */
function isProofScheme(header: string): boolean {
  return header.startsWith("D") || header.startsWith("d");
}

/** All that can be said against a token without looking at its signature, which is what costs. */
function promising(
  { alg, kid, typ, claims: said, signed, signature }: CompactToken,
  issuers: ReadonlyMap<string, Issuer>,
  nowSeconds: number,
) {
  const { success, data: claims } = AccessClaims.safeParse(said);
  const issuer = success && issuers.get(claims.iss);
  if (!issuer) throw invalidToken;
  const { rules, keys } = issuer;
  const { algorithms = defaultAlgorithms, types = defaultTypes, audience } = rules;
  const isMeantForUs = typeof claims.aud === "string"
    ? claims.aud === audience
    : claims.aud.includes(audience);
  const isOurKind = algorithms.includes(alg as SignatureAlgorithm) && isOfType(typ, types);
  // Which keys the issuer has is asked for no name that is none, and not for a forgery that shows.
  if (!isMeantForUs || !isOurKind || typeof kid !== "string") throw invalidToken;
  const { exp, nbf = 0, iat } = claims;
  const isInTime = nowSeconds < exp + clockToleranceSeconds &&
    nowSeconds >= Math.max(nbf, iat) - clockToleranceSeconds;
  if (!isInTime) throw invalidToken;
  return { claims, rules, keys, signed: { alg, kid, signed, signature } };
}

/** A type may be written with what all media types of tokens begin with. @see RFC 7515, section 4.1.9 */
function isOfType(typ: unknown, types: readonly string[]): boolean {
  if (typeof typ !== "string") return false;
  const name = typ.toLowerCase().replace(/^application\//, "");
  return types.some((type) => type.toLowerCase() === name);
}

function verifiedFrom(
  claims: AccessClaims,
  { clientId }: TokenRules,
  nowSeconds: number,
): Verified {
  const { sub, jti, sid, nbf = 0, iat, exp, security_version: securityVersion } = claims;
  return {
    principal: principalOf(claims, clientId),
    confirmation: claims.cnf,
    sub,
    jti,
    sid,
    iat,
    securityVersion,
    rememberedUntilSeconds: nowSeconds + rememberedSecondsMax,
    notBeforeSeconds: Math.max(nbf, iat),
    expiresSeconds: exp,
  };
}

function inForce(
  verified: Verified,
  nowSeconds: number,
  isRevoked: (token: TokenIds) => boolean,
): Principal {
  const { principal, notBeforeSeconds, expiresSeconds } = verified;
  const isInTime = nowSeconds < expiresSeconds + clockToleranceSeconds &&
    nowSeconds >= notBeforeSeconds - clockToleranceSeconds;
  if (!isInTime || isRevoked(verified)) throw invalidToken;
  return principal;
}

/**
 * Made once: the stack of an error would make the refusal of a token cost more than its acceptance.
 * RFC 6750: a request without a token gets no error code, only the challenge.
 */
const unauthenticated = new Problem(problemTypes.unauthenticated, {
  headers: { "www-authenticate": "Bearer" },
});
const invalidToken = new Problem(problemTypes.invalidToken, {
  headers: { "www-authenticate": 'Bearer error="invalid_token"' },
});
