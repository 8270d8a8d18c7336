import { createLocalJWKSet } from "jose";
import { z } from "zod";
import { type Authenticate, authenticatorFor, type TokenRules } from "platform/access";

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
});

/** The contents of `OIDC_SIGNING_KEYS_FILE`: the first key signs, all of them are published. */
export const SigningKeys = z.object({ keys: z.array(SigningKey).min(1).max(10) });
export type SigningKeys = z.output<typeof SigningKeys>;

/** Accepts the tokens that these keys sign, without asking anyone: the keys are our own. */
export function ownAuthenticator(
  rules: TokenRules,
  { keys }: SigningKeys,
  now: () => Date,
): Authenticate {
  const publicKeys = keys.map(({ d: _private, ...key }) => key);
  return authenticatorFor(rules, createLocalJWKSet({ keys: publicKeys }), now);
}
