import {
  createRemoteJWKSet,
  customFetch,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JWTVerifyGetKey,
} from "jose";
import { z } from "zod";
import { Problem, problemTypes } from "platform/problem";
import { type Authenticate, type Principal, type Role, roles } from "./access.ts";

/** Signature algorithms we accept. A symmetric one would let whoever verifies also issue. */
const algorithms = ["ES256", "EdDSA", "RS256"];
const tokenLengthMax = 8192;
const verifiedTokensMax = 10_000;
const clockToleranceSeconds = 5;

/** What a key set answers when it is there, and has no key for the token. */
const aboutTheToken = [
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
  errors.JOSENotSupported,
];

export interface TokenRules {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUri: string;
  /** Our own client id: `resource_access` of any other client counts for nothing. */
  readonly clientId: string;
}

const RoleNames = z.array(z.string()).catch([]);

/** The claims we rely on, beyond those jose checks. Built-in and Keycloak shapes. */
const Claims = z.object({
  sub: z.string().min(1).max(255),
  exp: z.number(),
  nbf: z.number().optional(),
  // RFC 9068 demands client_id; Keycloak calls it azp.
  client_id: z.string().optional(),
  azp: z.string().optional(),
  roles: RoleNames.optional(),
  role: z.union([z.string().transform((role) => [role]), RoleNames]).optional(),
  realm_access: z.object({ roles: RoleNames }).optional(),
  resource_access: z.record(z.string(), z.object({ roles: RoleNames })).optional(),
});

interface Verified {
  readonly principal: Principal;
  readonly notBeforeSeconds: number;
  readonly expiresSeconds: number;
}

export interface AuthenticatorOptions extends TokenRules {
  /** Carries JWKS requests: over mutual TLS to our own auth service. */
  readonly fetch: typeof fetch;
  readonly now?: () => Date;
}

/**
 * Accepts signed access tokens of one issuer, meant for us and not yet expired.
 * A token seen before is not verified again: a bounded memory keeps the last
 * {@linkcode verifiedTokensMax}, and its times are checked at each use.
 * Does not check revocation: tokens live five minutes.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9068 | RFC 9068, JWT access tokens}
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticate {
  const keys = createRemoteJWKSet(new URL(options.jwksUri), {
    [customFetch]: options.fetch,
    timeoutDuration: 3_000,
    cooldownDuration: 10_000,
    cacheMaxAge: 60_000,
  });
  return authenticatorFor(options, keys, options.now ?? (() => new Date()));
}

/** As {@linkcode createAuthenticator}, with the issuer's keys at hand: what tests and other key sources use. */
export function authenticatorFor(
  rules: TokenRules,
  keys: JWTVerifyGetKey,
  now: () => Date,
): Authenticate {
  const verified = new Map<string, Verified>();

  return async (request): Promise<Principal> => {
    const token = bearerToken(request.headers);
    const seen = verified.get(token);
    if (seen) return inTime(seen, now());
    const fresh = await verify(token, rules, keys, now());
    if (verified.size >= verifiedTokensMax) verified.delete(verified.keys().next().value!);
    verified.set(token, fresh);
    return fresh.principal;
  };
}

function bearerToken(headers: Headers): string {
  const header = headers.get("authorization");
  if (!header) throw refused();
  const [scheme, token, ...rest] = header.split(" ");
  if (scheme?.toLowerCase() !== "bearer") throw refused();
  if (!token || rest.length > 0 || token.length > tokenLengthMax) throw refused("invalid_token");
  return token;
}

function inTime({ principal, notBeforeSeconds, expiresSeconds }: Verified, now: Date): Principal {
  const seconds = now.getTime() / 1000;
  if (seconds >= expiresSeconds + clockToleranceSeconds) throw refused("invalid_token");
  if (seconds < notBeforeSeconds - clockToleranceSeconds) throw refused("invalid_token");
  return principal;
}

async function verify(
  token: string,
  { issuer, audience, clientId }: TokenRules,
  keys: JWTVerifyGetKey,
  now: Date,
): Promise<Verified> {
  try {
    // Before any key is looked up: a forged header must not cost a fetch.
    const { kid } = decodeProtectedHeader(token);
    if (typeof kid !== "string") throw refused("invalid_token");
    const { payload } = await jwtVerify(token, orUnavailable(keys), {
      issuer,
      audience,
      typ: "at+jwt",
      algorithms,
      requiredClaims: ["sub", "exp", "iat"],
      clockTolerance: clockToleranceSeconds,
      currentDate: now,
    });
    const claims = Claims.parse(payload);
    const principal = {
      subject: claims.sub,
      clientId: claims.client_id ?? claims.azp ?? "",
      roles: rolesOf(claims, clientId),
    };
    return { principal, notBeforeSeconds: claims.nbf ?? 0, expiresSeconds: claims.exp };
  } catch (cause) {
    if (cause instanceof errors.JOSEError || cause instanceof z.ZodError) {
      throw refused("invalid_token", cause);
    }
    if (cause instanceof Problem) throw cause;
    // jose reports a token that is no JWT at all as a TypeError.
    if (cause instanceof TypeError) throw refused("invalid_token", cause);
    throw cause;
  }
}

/** Whatever else goes wrong, the key set was out of reach: nobody's token is bad because of that. */
function orUnavailable(keys: JWTVerifyGetKey): JWTVerifyGetKey {
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (cause) {
      if (aboutTheToken.some((kind) => cause instanceof kind)) throw cause;
      throw new Problem(problemTypes.unavailable, { headers: { "retry-after": "1" }, cause });
    }
  };
}

/** Roles of the platform named by any of the places an issuer may put them, and no other client's. */
function rolesOf(claims: z.output<typeof Claims>, clientId: string): ReadonlySet<Role> {
  const own = Object.hasOwn(claims.resource_access ?? {}, clientId)
    ? claims.resource_access![clientId]!.roles
    : [];
  const named = [
    ...claims.roles ?? [],
    ...claims.role ?? [],
    ...claims.realm_access?.roles ?? [],
    ...own,
  ];
  return new Set(roles.filter((role) => named.includes(role)));
}

/** RFC 6750: a request without a token gets no error code, only the challenge. */
function refused(error?: "invalid_token", cause?: unknown): Problem {
  const headers = { "www-authenticate": error ? `Bearer error="${error}"` : "Bearer" };
  return new Problem(error ? problemTypes.invalidToken : problemTypes.unauthenticated, {
    headers,
    cause,
  });
}
