import { z } from "zod";
import { randomText } from "../platform/random_text.ts";
import { CookieJar } from "./cookie_jar.ts";
import type { EdgeClient } from "./edge_client.ts";

const redirectsMax = 10;

const TokenReply = z.object({
  access_token: z.string(),
  refresh_token: z.string().optional(),
  id_token: z.string().optional(),
  expires_in: z.number(),
});
export type TokenReply = z.output<typeof TokenReply> & {
  /** What the token endpoint answered with. */
  readonly status: number;
};

export interface SignInOptions {
  readonly email: string;
  readonly password: string;
  readonly redirectUri: string;
  readonly clientId?: string;
  readonly scope?: string;
  /** Whose tokens are asked for; the built-in auth server's when absent. */
  readonly issuer?: string | undefined;
}

const Endpoints = z.object({ authorization_endpoint: z.string(), token_endpoint: z.string() });
type Endpoints = z.output<typeof Endpoints>;

const ownEndpoints: Endpoints = {
  "authorization_endpoint": "/oidc/auth",
  "token_endpoint": "/oidc/token",
};

/** Signing in did not go as the protocol says. */
export class SignInError extends Error {
  override readonly name = "SignInError";
}

/**
 * Signs a person in as a browser would: authorization code with PKCE, through the login page.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7636 | RFC 7636, PKCE}
 * @throws {SignInError} when the auth server does not lead to a code, or the code to no token.
 */
export async function signIn(
  edge: EdgeClient,
  {
    email,
    password,
    redirectUri,
    clientId = "sallyport-web",
    scope = "openid",
    issuer = ownIssuer(edge),
  }: SignInOptions,
): Promise<TokenReply> {
  const endpoints = await discover(edge, issuer);
  const verifier = randomText(32);
  const state = randomText(32);
  const query = new URLSearchParams({
    client_id: clientId,
    response_type: "code",
    redirect_uri: redirectUri,
    scope,
    state,
    code_challenge: await challengeOf(verifier),
    code_challenge_method: "S256",
  });
  const callback = await walkToCallback(edge, `${endpoints.authorization_endpoint}?${query}`, {
    email,
    password,
    redirectUri,
  });
  const code = callback.searchParams.get("code");
  if (!code || callback.searchParams.get("state") !== state) {
    throw new SignInError(`Cannot sign in: ${callback.searchParams.get("error") ?? "no code"}`);
  }
  return await redeem(edge, {
    grant_type: "authorization_code",
    client_id: clientId,
    redirect_uri: redirectUri,
    code,
    code_verifier: verifier,
  }, endpoints.token_endpoint);
}

/** @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html | OpenID Connect Discovery} */
async function discover(edge: EdgeClient, issuer: string): Promise<Endpoints> {
  if (issuer === ownIssuer(edge)) return ownEndpoints;
  const response = await edge.fetch(`${issuer}/.well-known/openid-configuration`);
  return Endpoints.parse(await response.json());
}

/** Asks the token endpoint. @throws {SignInError} unless it gives a token. */
export async function redeem(
  edge: EdgeClient,
  grant: Readonly<Record<string, string>>,
  tokenUrl = ownEndpoints.token_endpoint,
): Promise<TokenReply> {
  const body = new URLSearchParams(grant);
  const response = await edge.fetch(tokenUrl, { method: "POST", body });
  const reply = await response.json();
  if (response.status !== 200) {
    throw new SignInError(`Cannot get a token: ${response.status} ${reply.error}`);
  }
  return { ...TokenReply.parse(reply), status: response.status };
}

interface Walk {
  readonly email: string;
  readonly password: string;
  readonly redirectUri: string;
}

/** Follows redirects with cookies, fills in the login form where it is shown, and stops at the callback. */
async function walkToCallback(edge: EdgeClient, start: string, walk: Walk): Promise<URL> {
  const jar = new CookieJar();
  let at = new URL(start, edge.url);
  let form: URLSearchParams | undefined;
  for (let redirects = 0; redirects < redirectsMax; redirects++) {
    const response = await edge.fetch(at.href, {
      method: form ? "POST" : "GET",
      headers: { cookie: jar.header(at.pathname), ...form && { origin: at.origin } },
      ...form && { body: form },
    });
    jar.take(response.headers);
    const location = response.headers.get("location");
    if (location) {
      await response.body?.cancel();
      form = undefined;
      at = new URL(location, at);
      if (at.href.startsWith(walk.redirectUri)) return at;
      continue;
    }
    const page = await response.text();
    if (form || response.status !== 200) {
      throw new SignInError(`Cannot sign in: the page answered ${response.status}`);
    }
    at = new URL(actionOf(page), at);
    form = new URLSearchParams({
      ...hiddenFields(page),
      [emailField(page)]: walk.email,
      password: walk.password,
    });
  }
  throw new SignInError("Cannot sign in: too many redirects");
}

/** Where the page's form posts to: its own address, unless it names another. */
function actionOf(page: string): string {
  const form = /<form[^>]*>/.exec(page)?.[0];
  if (!form) throw new SignInError("Cannot sign in: the page has no form");
  return /\saction="([^"]+)"/.exec(form)?.[1]?.replaceAll("&amp;", "&") ?? "";
}

function ownIssuer({ url }: EdgeClient): string {
  return `${url}/oidc`;
}

/** Ours is called `email`; Keycloak's is called `username`, and takes an address. */
function emailField(page: string): string {
  return /<input[^>]*\sname="email"/.test(page) ? "email" : "username";
}

function hiddenFields(page: string): Record<string, string> {
  const inputs = page.matchAll(/<input[^>]*type="hidden"[^>]*>/g);
  return Object.fromEntries([...inputs].map(([input]) => [
    /name="([^"]*)"/.exec(input)?.[1] ?? "",
    /value="([^"]*)"/.exec(input)?.[1] ?? "",
  ]));
}

async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return new Uint8Array(digest).toBase64({ alphabet: "base64url", omitPadding: true });
}
