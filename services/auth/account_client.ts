import type { Client } from "./clients.ts";
import { accountPages, type AccountPath, paths } from "./page_paths.ts";

const clientId = "sallyport-account";

/**
 * The account pages as a client of our own: to sign in there is to sign in, and a code would be of no use,
 * since the session itself is what they go by. Its answers are sent to these pages alone.
 *
 * @see {@link https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#none | Response type `none`}
 */
export function accountClient(issuer: string): Client {
  return {
    client_id: clientId,
    client_name: "your account",
    token_endpoint_auth_method: "none",
    grant_types: [],
    response_types: ["none"],
    redirect_uris: accountPages.map((path) => new URL(path, issuer).href),
    post_logout_redirect_uris: [],
    roles: [],
    first_party: true,
  };
}

/**
 * Where to sign in for an account page.
 *
 * @param maxAgeSeconds how long ago the person may have signed in, if not at any time.
 */
export function accountSignInPath(
  issuer: string,
  page: AccountPath,
  maxAgeSeconds?: number,
): string {
  const query = new URLSearchParams({
    client_id: clientId,
    response_type: "none",
    redirect_uri: new URL(page, issuer).href,
    scope: "openid",
    ...maxAgeSeconds !== undefined && { max_age: String(maxAgeSeconds) },
  });
  return `${paths.authorization}?${query}`;
}
