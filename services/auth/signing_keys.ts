import { createPrivateKey } from "node:crypto";
import { createLocalJWKSet } from "jose";
import { z } from "zod";
import {
  type Authenticate,
  authenticatorFor,
  type TokenRules,
  type VerificationOptions,
} from "platform/access";

/**
 * How long whatever a key signs is good, at most: access and ID tokens. A stolen token is of use for no longer,
 * since services do not ask whether it was revoked, and a key that signs no more may go after that.
 */
export const accessTokenSeconds = 300;

const Base64Url = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "Must be 32 bytes in base64url");

/** A private P-256 key. @see {@link https://www.rfc-editor.org/rfc/rfc7518#section-6.2 | RFC 7518, EC keys} */
const SigningKey = z.object({
  kty: z.literal("EC"),
  crv: z.literal("P-256"),
  x: Base64Url,
  y: Base64Url,
  d: Base64Url,
  kid: z.string().min(1).max(128),
  alg: z.literal("ES256").default("ES256"),
  use: z.literal("sig").default("sig"),
}).refine(isPair, "Must be a private key and its public one");

/** The contents of `OIDC_SIGNING_KEYS_FILE`: the first key signs, all of them are published. */
export const SigningKeys = z.object({ keys: z.array(SigningKey).min(1).max(10) }).refine(
  ({ keys }) => new Set(keys.map(({ kid }) => kid)).size === keys.length,
  "Two keys have the same kid",
);
export type SigningKeys = z.output<typeof SigningKeys>;

/** The signing keys as they are now. Whoever signs or verifies by them asks each time. */
export interface SigningKeySource {
  readonly current: SigningKeys;
}

/** What `make` gives for the keys in force, made anew only when they have changed. */
export function followingKeys<Made>(
  source: SigningKeySource,
  make: (keys: SigningKeys) => Made,
): () => Made {
  let made: { readonly keys: SigningKeys; readonly made: Made } | undefined;
  return () => {
    const keys = source.current;
    if (made?.keys !== keys) made = { keys, made: make(keys) };
    return made.made;
  };
}

/**
 * Accepts the tokens that these keys sign, without asking anyone: the keys are our own. A key that is gone
 * takes its tokens with it, those that were seen before too.
 */
export function ownAuthenticator(
  rules: TokenRules,
  source: SigningKeySource,
  now: () => Date,
  options: Pick<VerificationOptions, "isRevoked" | "sender"> = {},
): Authenticate {
  const authenticatorNow = followingKeys(source, ({ keys }) => {
    const publicKeys = keys.map(({ d: _private, ...key }) => key);
    return authenticatorFor(rules, createLocalJWKSet({ keys: publicKeys }), now, options);
  });
  return (request, connection) => authenticatorNow()(request, connection);
}

function isPair({ kty, crv, x, y, d }: Readonly<Record<"kty" | "crv" | "x" | "y" | "d", string>>) {
  try {
    createPrivateKey({ key: { kty, crv, x, y, d }, format: "jwk" });
    return true;
  } catch {
    return false;
  }
}
