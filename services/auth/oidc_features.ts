import { Buffer } from "node:buffer";
import { hkdfSync } from "node:crypto";
import { errors } from "oidc-provider";
import { namesClient } from "./client_certificate.ts";
import type { Client } from "./clients.ts";
import { deviceFlow } from "./device_flow.ts";
import { registrationFeatures } from "./dynamic_registration.ts";
import type { OidcClient, OidcContext, OidcToken } from "./oidc_provider.ts";
import { type Markup, pageHeaders, pageText, signedOutPage, signOutPage } from "./pages/mod.ts";
import { scopeDefault, scopes } from "./scopes.ts";
import { accessTokenSeconds } from "./signing_keys.ts";

/** What oidc-provider does beyond codes and refresh tokens, and what it leaves out. */
export function featuresOf(
  { audience, clients, cookieKeys }: {
    readonly audience: string;
    readonly clients: readonly Client[];
    readonly cookieKeys: readonly string[];
  },
): Readonly<Record<string, unknown>> {
  const resourceServer = resourceServerOf(audience);
  const afterSignOut = clients.flatMap((client) => client.post_logout_redirect_uris);
  const page = (context: OidcContext, content: Markup) => {
    context.set(pageHeaders(afterSignOut));
    context.body = pageText(content);
  };
  return {
    devInteractions: { enabled: false },
    dPoP: { enabled: true, nonceSecret: dpopNonceSecret(cookieKeys), requireNonce: () => true },
    mTLS: mutualTls,
    deviceFlow,
    ...registrationFeatures,
    pushedAuthorizationRequests: { enabled: true },
    backchannelLogout: { enabled: true },
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

/** What our access tokens are like. */
export function resourceServerOf(audience: string): Readonly<Record<string, unknown>> {
  return {
    scope: scopes,
    audience,
    accessTokenTTL: accessTokenSeconds,
    accessTokenFormat: "jwt",
    jwt: { sign: { alg: "ES256" } },
  };
}

/** Of the gateway's word alone: see `client_certificate.ts`. */
const mutualTls = {
  enabled: true,
  certificateBoundAccessTokens: true,
  tlsClientAuth: true,
  getCertificate: ({ req }: OidcContext) => req.clientCertificate?.x509,
  certificateAuthorized: ({ req }: OidcContext) => req.clientCertificate !== undefined,
  certificateSubjectMatches({ req }: OidcContext, property: string, expected: string): boolean {
    const { clientCertificate } = req;
    return clientCertificate !== undefined && namesClient(clientCertificate, property, expected);
  },
};

/** The same for all replicas, and for as long as the key that signs cookies. */
function dpopNonceSecret([key = ""]: readonly string[]): Buffer {
  return Buffer.from(hkdfSync("sha256", key, "", "DPoP nonces", 32));
}

/** Programs with a secret may ask about any token, others about their own. */
function mayIntrospect(_context: unknown, client: OidcClient, token: OidcToken): boolean {
  return client.clientAuthMethod !== "none" || token.clientId === client.clientId;
}

function mayRevoke(_context: unknown, client: OidcClient, token: OidcToken): boolean {
  return token.clientId === client.clientId;
}
