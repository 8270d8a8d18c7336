import { isSignInValid } from "./domain/mod.ts";
import { clientIdOf } from "./client_id.ts";
import type { OidcRequest } from "./interaction.ts";
import type { AuthorizationServer, OidcClient } from "./oidc_provider.ts";
import { isStructured, type OwnClaims, readOwnAccessToken } from "./own_access_token.ts";
import type { GrantStore, UserStore } from "./ports.ts";
import { readPostedForm } from "./posted_form.ts";
import { RevokedTokens } from "./revoked_tokens.ts";
import type { SigningKeySource } from "./signing_keys.ts";

export interface TokenEndpointsDependencies {
  readonly serverNow: () => AuthorizationServer;
  readonly issuer: string;
  readonly audience: string;
  readonly signingKeys: SigningKeySource;
  readonly users: UserStore;
  readonly grants: GrantStore;
  readonly now: () => Date;
}

/** Answers a request as the library does, which knows opaque tokens only. */
export type LibraryHandler = (request: Request) => Promise<Response>;

/**
 * Introspection and revocation of access tokens, which are JWTs of ours. The library authenticates the
 * client, by being asked about a token that nobody has; what it knows itself it answers itself.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7662 | RFC 7662, introspection}
 * @see {@link https://www.rfc-editor.org/rfc/rfc7009 | RFC 7009, revocation}
 */
export class TokenEndpoints {
  readonly #dependencies: TokenEndpointsDependencies;
  readonly #revoked: RevokedTokens;

  constructor(dependencies: TokenEndpointsDependencies) {
    this.#dependencies = dependencies;
    this.#revoked = new RevokedTokens(dependencies.grants);
  }

  async introspect(c: OidcRequest, library: LibraryHandler): Promise<Response> {
    const asked = await this.#ask(c.req.raw, library);
    if (asked instanceof Response) return asked;
    const { client, claims } = asked;
    // Programs with a secret may ask about any token, others about their own.
    const mayAsk = client.clientAuthMethod !== "none" || claims?.["client_id"] === client.clientId;
    if (!claims || !mayAsk || !await this.#isInForce(claims)) return inactive(c);
    return c.json(introspectionOf(claims), 200, noStore);
  }

  async revoke(c: OidcRequest, library: LibraryHandler): Promise<Response> {
    const asked = await this.#ask(c.req.raw, library);
    if (asked instanceof Response) return asked;
    const { client, claims } = asked;
    if (claims && claims["client_id"] === client.clientId) {
      await this.#revoked.revoke(claims.jti, claims.exp);
    }
    return new Response(null, { status: 200, headers: noStore });
  }

  /** The client and what its token says, or the library's answer where that is the one to give. */
  async #ask(request: Request, library: LibraryHandler): Promise<Response | Asked> {
    const form = await readPostedForm(request);
    const { token = "" } = form.fields;
    if (!isStructured(token)) return await library(form.again());
    const answer = await library(form.again({ ...form.fields, token: nobodysToken }));
    if (answer.status !== 200) return answer;
    await answer.body?.cancel();
    const { serverNow, signingKeys, ...rules } = this.#dependencies;
    const client = await serverNow().provider.Client.find(clientIdOf(request.headers, form.fields));
    if (!client) throw new Error("Cannot find the client that the library has authenticated");
    const claims = await readOwnAccessToken(token, { ...rules, keys: signingKeys.current });
    return { client, claims };
  }

  async #isInForce(claims: OwnClaims): Promise<boolean> {
    if (await this.#revoked.has(claims.jti)) return false;
    // Of a program that acts for itself.
    if (claims.sub === claims["client_id"]) return true;
    const account = await this.#dependencies.users.find(claims.sub, { owner: claims.sub });
    return account?.status === "active" && isSignInValid(account, claims.iat);
  }
}

interface Asked {
  readonly client: OidcClient;
  /** Undefined: the token is none that counts. */
  readonly claims: OwnClaims | undefined;
}

const nobodysToken = "none";
const noStore = { "cache-control": "no-store" };

function inactive(c: OidcRequest): Response {
  return c.json({ active: false }, 200, noStore);
}

function introspectionOf({ cnf, ...claims }: OwnClaims): Readonly<Record<string, unknown>> {
  const kind = cnf?.["jkt"] === undefined ? "Bearer" : "DPoP";
  return { active: true, ...claims, ...cnf && { cnf }, "token_type": kind };
}
