import { z } from "zod";
import { configError, parseEnv, readFiles, Secret } from "platform/config";

/** How the directory of another issuer is told of changes. */
export interface DirectoryConfig {
  readonly adminUrl: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
}

const HttpsUrl = z.url({ protocol: /^https$/ });

const directoryVariables = {
  /** `https://…/admin/realms/<realm>` of a Keycloak whose tokens count. */
  KEYCLOAK_ADMIN_URL: HttpsUrl.optional(),
  OIDC_TOKEN_URL: HttpsUrl.optional(),
  OIDC_CLIENT_ID: z.string().default("auth"),
  /** Of a client that may manage the realm's users. */
  OIDC_CLIENT_SECRET_FILE: z.string().optional(),
};

/**
 * The directory; undefined when there is none that we may change.
 *
 * @throws {ConfigError} naming the variables that are missing or wrong.
 */
export function readDirectoryConfig(
  get: (name: string) => string | undefined,
): DirectoryConfig | undefined {
  const given = parseEnv(directoryVariables, get);
  const { KEYCLOAK_ADMIN_URL: adminUrl, OIDC_TOKEN_URL: tokenUrl } = given;
  const { OIDC_CLIENT_SECRET_FILE } = given;
  if (adminUrl === undefined) return undefined;
  if (tokenUrl === undefined || OIDC_CLIENT_SECRET_FILE === undefined) {
    const needed = { OIDC_TOKEN_URL: tokenUrl, OIDC_CLIENT_SECRET_FILE };
    const missing = Object.entries(needed).filter(([, value]) => value === undefined);
    throw configError(missing.map(([name]) => `${name}: Needed with KEYCLOAK_ADMIN_URL`));
  }
  const secret = readFiles({ OIDC_CLIENT_SECRET_FILE }).OIDC_CLIENT_SECRET_FILE;
  const clientSecret = new Secret(secret.trim());
  return { adminUrl, tokenUrl, clientId: given.OIDC_CLIENT_ID, clientSecret };
}
