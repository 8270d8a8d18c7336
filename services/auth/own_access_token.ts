import { createLocalJWKSet, errors, jwtVerify } from "jose";
import { z } from "zod";
import type { SigningKeys } from "./signing_keys.ts";

/** Who acts in whose name. @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-4.1 | RFC 8693, actor claim} */
export interface Actor {
  readonly sub: string;
  readonly act?: Actor | undefined;
}
const Actor: z.ZodType<Actor> = z.lazy(() => z.object({ sub: z.string(), act: Actor.optional() }));

/** What is looked at of our own access tokens. */
const OwnClaims = z.looseObject({
  iss: z.string(),
  aud: z.string(),
  sub: z.string(),
  client_id: z.string(),
  jti: z.string(),
  iat: z.int(),
  exp: z.int(),
  scope: z.string().optional(),
  roles: z.array(z.string()).default([]),
  cnf: z.record(z.string(), z.string()).optional(),
  act: Actor.optional(),
});
export type OwnClaims = z.output<typeof OwnClaims>;

export interface OwnTokenRules {
  readonly issuer: string;
  readonly audience: string;
  readonly keys: SigningKeys;
  readonly now: () => Date;
}

/** Whether it looks like one of our access tokens, which are JWTs, unlike refresh tokens. */
export function isStructured(token: string): boolean {
  return token.split(".").length === 3;
}

/**
 * What a JWT of ours says, or undefined when it is none that counts at this time. Does not check whether it
 * was revoked, nor the account.
 */
export async function readOwnAccessToken(
  token: string,
  { issuer, audience, keys, now }: OwnTokenRules,
): Promise<OwnClaims | undefined> {
  const published = keys.keys.map(({ d: _private, ...key }) => key);
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: published }), {
      issuer,
      audience,
      typ: "at+jwt",
      algorithms: [...new Set(published.map(({ alg }) => alg))],
      currentDate: now(),
    });
    const { data } = OwnClaims.safeParse(payload);
    return data;
  } catch (thrown) {
    if (thrown instanceof errors.JOSEError) return undefined;
    throw thrown;
  }
}
