import { errors } from "oidc-provider";
import { isSignInValid } from "./domain/mod.ts";
import type { OidcContext, OidcProvider, OidcToken } from "./oidc_provider.ts";
import { type Actor, type OwnClaims, readOwnAccessToken } from "./own_access_token.ts";
import type { GrantStore, UserStore } from "./ports.ts";
import { RevokedTokens } from "./revoked_tokens.ts";
import { accessTokenSeconds, type SigningKeys } from "./signing_keys.ts";

export const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";

/** How many programs may stand between a person and what is done in their name. */
export const actorsMax = 2;

const parameters = [
  "subject_token",
  "subject_token_type",
  "requested_token_type",
  "actor_token",
  "audience",
  "resource",
  "scope",
];

export interface TokenExchangeOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly keys: SigningKeys;
  readonly users: Pick<UserStore, "find">;
  readonly grants: GrantStore;
  readonly resourceServer: Readonly<Record<string, unknown>>;
  readonly now: () => Date;
}

const actors = new WeakMap<OidcToken, Actor>();

/** Who acts by the token in the name of its subject, if another does. */
export function actorOf(token: OidcToken): Actor | undefined {
  return actors.get(token);
}

/**
 * A program that was called with somebody's access token gets one of its own, by which it calls others on
 * that person's behalf: same person, same audience, no wider scope, no longer life, and it says who acts.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693 | RFC 8693, token exchange}
 */
export function registerTokenExchange(provider: OidcProvider, options: TokenExchangeOptions): void {
  provider.registerGrantType(tokenExchange, async (context: OidcContext) => {
    const client = context.oidc.client!;
    const params = context.oidc.params as Readonly<Record<string, string | undefined>>;
    refuseUnsupported(context, params, options.audience);
    const subject = await subjectOf(params["subject_token"] ?? "", options);
    const act: Actor = { sub: client.clientId, ...subject.act && { act: subject.act } };
    if (depthOf(act) > actorsMax) throw new errors.InvalidGrant("too many act for one another");

    const nowSeconds = Math.floor(options.now().getTime() / 1000);
    const token = new provider.AccessToken({
      client,
      accountId: subject.sub,
      gty: "token_exchange",
      expiresIn: Math.min(accessTokenSeconds, subject.exp - nowSeconds),
    });
    token.resourceServer = new provider.ResourceServer(options.audience, options.resourceServer);
    token.scope = narrowed(params["scope"], subject.scope);
    actors.set(token, act);
    const value = await token.save();
    context.body = {
      "access_token": value,
      "issued_token_type": accessTokenType,
      "token_type": "Bearer",
      "expires_in": token.expiration,
      "scope": token.scope,
    };
  }, parameters);
}

/** What we cannot do is said, never left undone in silence. */
function refuseUnsupported(
  context: OidcContext,
  params: Readonly<Record<string, string | undefined>>,
  audience: string,
): void {
  const { client } = context.oidc;
  const { requested_token_type: requested = accessTokenType } = params;
  if (params["subject_token_type"] !== accessTokenType || requested !== accessTokenType) {
    throw new errors.InvalidRequest("only access tokens are exchanged, for access tokens");
  }
  if (params["actor_token"] !== undefined) {
    throw new errors.InvalidRequest("the client itself is the actor");
  }
  for (const target of [params["audience"], params["resource"]]) {
    if (target !== undefined && target !== audience) throw new errors.InvalidTarget();
  }
  const isBound = client?.dpopBoundAccessTokens || client?.tlsClientCertificateBoundAccessTokens;
  if (isBound || context.get("DPoP") !== "") {
    throw new errors.InvalidRequest("tokens by exchange are not bound to a key");
  }
}

async function subjectOf(token: string, options: TokenExchangeOptions): Promise<OwnClaims> {
  const claims = await readOwnAccessToken(token, options);
  if (!claims) throw new errors.InvalidGrant("the subject token does not count");
  const revoked = new RevokedTokens(options.grants);
  const account = await options.users.find(claims.sub, { owner: claims.sub });
  const isInForce = account?.status === "active" && isSignInValid(account, claims.iat) &&
    !await revoked.has(claims.jti);
  if (!isInForce) throw new errors.InvalidGrant("the subject token does not count");
  return claims;
}

function narrowed(asked: string | undefined, had: string | undefined): string | undefined {
  if (asked === undefined) return had;
  const held = new Set(had?.split(" "));
  if (!asked.split(" ").every((scope) => held.has(scope))) {
    throw new errors.InvalidScope("the subject token has not all of it", asked);
  }
  return asked;
}

function depthOf(actor: Actor | undefined): number {
  return actor === undefined ? 0 : 1 + depthOf(actor.act);
}
