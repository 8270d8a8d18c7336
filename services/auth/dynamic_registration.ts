import { errors } from "oidc-provider";
import type { OidcContext, OidcProvider } from "./oidc_provider.ts";

/** How long an admin's permission to register one client is good. */
const initialTokenSeconds = 3_600;
const policyName = "platform";
const grantTypes = [
  "authorization_code",
  "refresh_token",
  "urn:ietf:params:oauth:grant-type:device_code",
];
const authMethods = ["none", "client_secret_basic", "client_secret_post"];

/** Addresses of which a browser or a device, and nobody on the way, gets what is sent there. */
const redirectForms = [
  /^https:\/\/[^#]+$/,
  /^http:\/\/(127\.0\.0\.1|\[::1\])(:\d+)?(\/[^#]*)?$/,
  // RFC 8252, section 7.1: a scheme of a program's own is a domain name, backwards.
  /^[a-z][a-z0-9+-]*(\.[a-z0-9-]+)+:\/[^#]*$/,
];

type Metadata = Record<string, unknown>;

/**
 * Clients that others register, each by a token that an admin has got for it, once.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7591 | RFC 7591}, and 7592 for what comes after
 */
export const registrationFeatures: Readonly<Record<string, unknown>> = {
  registration: {
    enabled: true,
    initialAccessToken: true,
    policies: { [policyName]: holdToRules },
  },
  registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
};

/** A token by which one client can be registered. */
export async function issueInitialAccessToken(
  provider: OidcProvider,
): Promise<Readonly<Record<string, unknown>>> {
  const { InitialAccessToken } = provider;
  const token = new InitialAccessToken({ expiresIn: initialTokenSeconds, policies: [policyName] });
  return { "initial_access_token": await token.save(), "expires_in": initialTokenSeconds };
}

/** @throws `invalid_client_metadata` or `invalid_redirect_uri` when a client wants more than others may have. */
async function holdToRules(context: OidcContext, metadata: Metadata): Promise<void> {
  metadata["grant_types"] ??= ["authorization_code"];
  metadata["response_types"] ??= ["code"];
  metadata["id_token_signed_response_alg"] ??= "ES256";
  metadata["token_endpoint_auth_method"] ??= "client_secret_basic";
  if (!isWithin(metadata["grant_types"], grantTypes)) refuse("grant_types");
  if (!isWithin([metadata["token_endpoint_auth_method"]], authMethods)) {
    refuse("token_endpoint_auth_method");
  }
  for (const uri of [...listOf(metadata["redirect_uris"]), ...logoutUris(metadata)]) {
    if (typeof uri !== "string" || !redirectForms.some((form) => form.test(uri))) {
      throw new errors.InvalidRedirectUri();
    }
  }
  // Good for one client: whoever comes second with it is refused. A change of the client needs none.
  const { provider, entities: { InitialAccessToken: initial } } = context.oidc;
  if (initial) await provider.InitialAccessToken.adapter.consume(initial.jti);
}

function logoutUris(metadata: Metadata): readonly unknown[] {
  return listOf(metadata["post_logout_redirect_uris"]);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isWithin(values: unknown, allowed: readonly string[]): boolean {
  return listOf(values).length > 0 &&
    listOf(values).every((value) => allowed.some((name) => name === value));
}

function refuse(property: string): never {
  throw new errors.InvalidClientMetadata(
    `${property} has a value that is not for registered clients`,
  );
}
