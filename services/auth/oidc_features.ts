import { errors } from "oidc-provider";
import type { Client } from "./clients.ts";
import type { OidcClient, OidcContext, OidcToken } from "./oidc_provider.ts";
import { type Markup, pageHeaders, pageText, signedOutPage, signOutPage } from "./pages/mod.ts";
import { scopeDefault, scopes } from "./scopes.ts";
import { accessTokenSeconds } from "./signing_keys.ts";

/** What oidc-provider does beyond codes and refresh tokens, and what it leaves out. */
export function featuresOf(
  { audience, clients }: { readonly audience: string; readonly clients: readonly Client[] },
): Readonly<Record<string, unknown>> {
  const resourceServer = {
    scope: scopes,
    audience,
    accessTokenTTL: accessTokenSeconds,
    accessTokenFormat: "jwt",
    jwt: { sign: { alg: "ES256" } },
  };
  const afterSignOut = clients.flatMap((client) => client.post_logout_redirect_uris);
  const page = (context: OidcContext, content: Markup) => {
    context.set(pageHeaders(afterSignOut));
    context.body = pageText(content);
  };
  return {
    devInteractions: { enabled: false },
    dPoP: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: mayIntrospect },
    revocation: { enabled: true, allowedPolicy: mayRevoke },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (context: OidcContext, form: string) => page(context, signOutPage(form)),
      postLogoutSuccessSource: (context: OidcContext) => page(context, signedOutPage()),
    },
    resourceIndicators: {
      enabled: true,
      // So every access token is a JWT for the platform, asked for or not.
      defaultResource: () => audience,
      useGrantedResource: () => true,
      getResourceServerInfo({ oidc: { params } }: OidcContext, resource: string) {
        if (resource !== audience) throw new errors.InvalidTarget();
        // RFC 6749, section 3.3. It must be told in the answer, so it is as if it had been asked for;
        // where a code or refresh token is redeemed, what that was given for counts.
        const { grant_type: grantType } = params;
        if (grantType === undefined || grantType === "client_credentials") {
          params.scope ??= scopeDefault;
        }
        return resourceServer;
      },
    },
  };
}

/** Programs with a secret may ask about any token, others about their own. */
function mayIntrospect(_context: unknown, client: OidcClient, token: OidcToken): boolean {
  return client.clientAuthMethod !== "none" || token.clientId === client.clientId;
}

function mayRevoke(_context: unknown, client: OidcClient, token: OidcToken): boolean {
  return token.clientId === client.clientId;
}
