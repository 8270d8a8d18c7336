import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import type { Principal } from "../access.ts";
import { type AuthenticatorOptions, createAuthenticator } from "../authenticate.ts";

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

export const noonSeconds: number = Date.parse("2026-01-02T12:00:00.000Z") / 1000;
export const issuer = "https://localhost:8443/oidc";
export const audience = "https://localhost:8443";
const jwksUri = "https://auth.test/oidc/jwks";

const es256: KeyPair = await generateKeyPair("ES256", { extractable: true });
export const rs256: KeyPair = await generateKeyPair("RS256", { extractable: true });
export const edDsa: KeyPair = await generateKeyPair("EdDSA", { extractable: true });
export const stranger: KeyPair = await generateKeyPair("ES256");

export type Header = Readonly<Record<string, unknown>>;
export type TokenClaims = Readonly<Record<string, unknown>>;
type Key = CryptoKey | Uint8Array;

export interface Traits {
  readonly claims?: TokenClaims;
  readonly header?: Header;
  readonly key?: Key;
}

/** A good token, but for what the test says. */
export function aToken(
  { claims = {}, header = {}, key = es256.privateKey }: Traits = {},
): Promise<string> {
  return new SignJWT({
    iss: issuer,
    aud: audience,
    sub: "ada",
    client_id: "sallyport-web",
    iat: noonSeconds,
    exp: noonSeconds + 300,
    roles: ["customer"],
    ...claims,
  }).setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "es", ...header }).sign(key);
}

/** The issuer's keys. They do not say what they are for: which algorithms are accepted is up to us. */
export async function jwks(): Promise<{ keys: JWK[] }> {
  const pairs = { es: es256, rs: rs256, ed: edDsa };
  const keys = Object.entries(pairs).map(async ([kid, { publicKey }]) => ({
    ...await exportJWK(publicKey),
    kid,
  }));
  return { keys: await Promise.all(keys) };
}

export interface Scene {
  readonly clock: { seconds: number };
  /** How often the issuer was asked for its keys. */
  readonly asked: { count: number };
  accept(token: string): Promise<Principal>;
  authenticate(request: Request): Promise<Principal>;
}

/** `answer` is what comes of asking the issuer for its keys. */
export function aScene(
  answer: () => Promise<Response> = async () => Response.json(await jwks()),
  options: Pick<AuthenticatorOptions, "keyAges"> = {},
): Scene {
  const clock = { seconds: noonSeconds };
  const asked = { count: 0 };
  const authenticateNow = createAuthenticator({
    issuer,
    audience,
    jwksUri,
    ...options,
    clientId: "payment",
    fetch: () => {
      asked.count++;
      return answer();
    },
    now: () => new Date(clock.seconds * 1000),
  });
  const authenticate = async (request: Request) => await authenticateNow(request);
  const accept = (token: string) => authenticate(withHeader(`Bearer ${token}`));
  return { clock, asked, accept, authenticate };
}

export function withHeader(authorization: string): Request {
  return new Request("http://test/", { headers: { authorization } });
}

export function encode(value: unknown): string {
  return new TextEncoder().encode(JSON.stringify(value))
    .toBase64({ alphabet: "base64url", omitPadding: true });
}

/** A good token's claims and signature under another header. */
export async function withHeaderOf(header: Header): Promise<string> {
  const [, payload, signature] = (await aToken()).split(".");
  return `${encode({ alg: "ES256", typ: "at+jwt", kid: "es", ...header })}.${payload}.${signature}`;
}
