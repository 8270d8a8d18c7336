import { z } from "zod";
import { UserRole } from "./domain/mod.ts";

const authMethods = [
  "none",
  "client_secret_basic",
  "client_secret_post",
  "tls_client_auth",
] as const;
const grantTypes = [
  "authorization_code",
  "refresh_token",
  "client_credentials",
  "urn:ietf:params:oauth:grant-type:device_code",
  "urn:ietf:params:oauth:grant-type:token-exchange",
] as const;

/**
 * A program that may ask for tokens, in the words of OpenID Connect Dynamic Client Registration.
 *
 * @see {@link https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata | Client metadata}
 */
export const Client = z.strictObject({
  client_id: z.string().regex(/^[A-Za-z0-9._~-]{1,128}$/),
  client_name: z.string().min(1).max(100).optional(),
  client_secret: z.string().min(32).max(512).optional(),
  redirect_uris: z.array(z.url()).default([]),
  post_logout_redirect_uris: z.array(z.url()).default([]),
  response_types: z.array(z.enum(["code", "none"])).optional(),
  grant_types: z.array(z.enum(grantTypes)).min(1),
  token_endpoint_auth_method: z.enum(authMethods).default("client_secret_basic"),
  /** By what its certificate names it, at the edge for mutual TLS: one of the two. */
  tls_client_auth_san_uri: z.string().optional(),
  tls_client_auth_san_dns: z.string().optional(),
  /** Its tokens are good only with its certificate, or with its key for proofs of possession. */
  tls_client_certificate_bound_access_tokens: z.boolean().optional(),
  dpop_bound_access_tokens: z.boolean().optional(),
  require_pushed_authorization_requests: z.boolean().optional(),
  /** Where it is told that somebody has signed out. */
  backchannel_logout_uri: z.url({ protocol: /^https$/ }).optional(),
  backchannel_logout_session_required: z.boolean().optional(),
  /** What the client may do in its own name, by client credentials. */
  roles: z.array(UserRole).default([]),
  /** Ours: people who use it are not asked for consent. */
  first_party: z.boolean().default(false),
})
  .refine(
    ({ token_endpoint_auth_method: method, client_secret: secret }) =>
      method.startsWith("client_secret_") === (secret !== undefined),
    "A client has a secret exactly when it authenticates by it",
  )
  .refine(
    ({ token_endpoint_auth_method: method, grant_types: types }) =>
      method !== "none" || !types.includes("client_credentials"),
    "A client without a secret has no credentials",
  )
  .refine(
    (client) =>
      (client.token_endpoint_auth_method === "tls_client_auth") ===
        (Number(client.tls_client_auth_san_uri !== undefined) +
            Number(client.tls_client_auth_san_dns !== undefined) === 1),
    "A client has one name in certificates exactly when it authenticates by one",
  )
  .refine(
    ({ redirect_uris: uris, grant_types: types }) =>
      types.includes("authorization_code") === uris.length > 0,
    "A client has redirect URIs exactly when it uses authorization codes",
  );
export type Client = z.output<typeof Client>;

/** The contents of `OIDC_CLIENTS_FILE`. */
export const Clients = z.array(Client).refine(
  (clients) => new Set(clients.map((client) => client.client_id)).size === clients.length,
  "Two clients have the same client_id",
);

/** The origins that a client's pages are served from. A URI with a scheme of its own has none. */
export function originsOf({ redirect_uris: uris }: Client): readonly string[] {
  return uris.map((uri) => new URL(uri).origin).filter((origin) => origin !== "null");
}

/** Whether people who use the client are asked for no consent. A client that is not listed is somebody else's. */
export function isFirstParty(clients: readonly Client[], clientId: string): boolean {
  return clients.some((client) => client.client_id === clientId && client.first_party);
}
