import { z } from "zod";
import type { TokenRules } from "platform/access";
import {
  checkTlsFiles,
  configError,
  edgeOriginsOf,
  type EmbeddedStoresConfig,
  embeddedStoresOf,
  type EventsConfig,
  eventsOf,
  type ForeignIssuer,
  parseEnv,
  Port,
  type ProgramConfig,
  programConfigOf,
  programVariables,
  readAll,
  readDiscovery,
  readFiles,
  readForeignIssuer,
  readRedisConfig,
  readStoreCa,
  type Secret,
  tokenRulesOf,
  tokenVariables,
  variablesOf,
} from "platform/config";
import {
  checkEncryption,
  type EncryptionConfig,
  encryptionConfigOf,
  encryptionVariables,
} from "platform/crypto";
import type { DiscoveryConfig } from "platform/discovery";
import type { RedisConfig } from "platform/redis";
import { type Client, Clients } from "./clients.ts";
import { DemoUsers } from "./demo_users.ts";
import { type DirectoryConfig, readDirectoryConfig } from "./directory_config.ts";
import { type MailConfig, readMailConfig } from "./mail_config.ts";
import { type MongodbStoresConfig, mongodbVariables } from "./mongodb_config.ts";
import { SigningKeys } from "./signing_keys.ts";

const variables = {
  ...programVariables,
  ...tokenVariables,
  ...encryptionVariables,
  OIDC_CLIENT_ID: z.string().default("auth"),
  AUTH_PORT: Port.default(4001),
  AUTH_ADMIN_PORT: Port.default(9101),
  SALLYPORT_DATA_DIR: z.string(),
  ...mongodbVariables,
  /** JWKS of private ES256 keys. Followed: it may change while the program runs. */
  OIDC_SIGNING_KEYS_FILE: z.string(),
  /** JSON array of strings: the first signs cookies, the others still verify them. */
  OIDC_COOKIE_KEYS_FILE: z.string(),
  OIDC_CLIENTS_FILE: z.string(),
  /** People to have from the first start on. Development only. */
  DEMO_USERS_FILE: z.string().optional(),
};

const CookieKeys = z.array(z.string().min(32)).min(1);

/** The JSON files that variables name, and what each must hold. */
const fileShapes = {
  OIDC_SIGNING_KEYS_FILE: SigningKeys,
  OIDC_COOKIE_KEYS_FILE: CookieKeys,
  OIDC_CLIENTS_FILE: Clients,
  DEMO_USERS_FILE: DemoUsers.optional(),
};
type FileName = keyof typeof fileShapes;
type Files = { readonly [Name in FileName]: z.output<typeof fileShapes[Name]> };

export type StoresConfig = EmbeddedStoresConfig | MongodbStoresConfig;

export interface Config extends ProgramConfig {
  readonly adminPort: number;
  readonly discovery: DiscoveryConfig;
  /** Undefined: what Redis would do is done in the process. */
  readonly redis: RedisConfig | undefined;
  /** Where our own events go. */
  readonly events: EventsConfig;
  readonly stores: StoresConfig;
  /** Undefined: no mail is sent, and what needs it cannot be done. */
  readonly mail: MailConfig | undefined;
  readonly tokens: TokenRules;
  /** Undefined: tokens are our own. */
  readonly foreignIssuer: ForeignIssuer | undefined;
  /** By which clients call the edge. */
  readonly edgeOrigins: readonly string[];
  /** Undefined: nobody is told there what is changed here. */
  readonly directory: DirectoryConfig | undefined;
  readonly encryption: EncryptionConfig;
  /** Where the signing keys lie, and which they are at the start. */
  readonly signingKeys: { readonly path: string; readonly current: SigningKeys };
  readonly mtlsEdge: string | undefined;
  readonly cookieKeys: readonly string[];
  readonly clients: readonly Client[];
  readonly demoUsers: DemoUsers | undefined;
}

/** @throws {ConfigError} naming every variable that is missing or wrong, or whose file is. */
export function loadConfig(get: (name: string) => string | undefined): Config {
  const names = Object.keys(fileShapes) as FileName[];
  const { given, foreignIssuer, discovery, redis, files, storeCa, mail, directory } = readAll({
    given: () => parseEnv(variables, get),
    tls: () => checkTlsFiles(get),
    foreignIssuer: () => readForeignIssuer(get),
    discovery: () => readDiscovery(get),
    redis: () => readRedisConfig(get),
    mail: () => readMailConfig(get),
    directory: () => readDirectoryConfig(get),
    refused: () =>
      refuseInProduction(
        variablesOf(variables, ["SALLYPORT_ENV", "DEMO_USERS_FILE"], get),
        get("AUTH_MONGODB_URL"),
      ),
    storeCa: () => readStoreCa("AUTH_MONGODB_CA_FILE", get),
    encryption: () => checkEncryption(get, { needsBlindIndex: true }),
    files: () => parseFiles(variablesOf(variables, names, get)),
  });
  return {
    ...programConfigOf(given, given.AUTH_PORT),
    adminPort: given.AUTH_ADMIN_PORT,
    discovery,
    redis,
    events: eventsOf(given.SALLYPORT_DATA_DIR, "auth"),
    stores: storesOf(given, storeCa),
    mail,
    tokens: tokenRulesOf(given, given.OIDC_CLIENT_ID),
    foreignIssuer,
    edgeOrigins: edgeOriginsOf(given),
    directory,
    encryption: encryptionConfigOf(given, `${given.SALLYPORT_DATA_DIR}/auth/key_uses.json`),
    signingKeys: { path: given.OIDC_SIGNING_KEYS_FILE, current: files.OIDC_SIGNING_KEYS_FILE },
    mtlsEdge: given.MTLS_EDGE_URL,
    cookieKeys: files.OIDC_COOKIE_KEYS_FILE,
    clients: files.OIDC_CLIENTS_FILE,
    demoUsers: files.DEMO_USERS_FILE,
  };
}

function refuseInProduction(
  given: { readonly SALLYPORT_ENV: string; readonly DEMO_USERS_FILE?: string | undefined },
  mongodbUrl: string | undefined,
): void {
  if (given.SALLYPORT_ENV !== "production") return;
  const faults: string[] = [];
  if (!mongodbUrl) faults.push("AUTH_MONGODB_URL: The embedded store is for development only");
  if (given.DEMO_USERS_FILE) faults.push("DEMO_USERS_FILE: For development only");
  if (faults.length > 0) throw configError(faults);
}

function storesOf(
  given: { readonly SALLYPORT_DATA_DIR: string; readonly AUTH_MONGODB_URL?: Secret | undefined },
  ca: string | undefined,
): StoresConfig {
  const url = given.AUTH_MONGODB_URL;
  return url ? { kind: "mongodb", url, ca } : embeddedStoresOf(given.SALLYPORT_DATA_DIR, "auth");
}

/** Says where in a file something is wrong, never what stands there: these files hold secrets. */
function parseFiles(paths: { readonly [Name in FileName]?: string | undefined }): Files {
  const names = Object.keys(fileShapes) as FileName[];
  return readAll(
    Object.fromEntries(names.map((name) => [name, () => parseFile(name, paths[name])])),
  ) as Files;
}

function parseFile(name: FileName, path: string | undefined): unknown {
  // A missing variable is told as such, and not as a file without the right contents.
  if (path === undefined) return undefined;
  const { [name]: text } = readFiles({ [name]: path });
  const result = fileShapes[name].safeParse(parseJson(text), { reportInput: false });
  if (result.success) return result.data;
  const { path: place, message } = result.error.issues[0]!;
  throw configError([`${name}: In its file, at "${place.join("/")}": ${message}`]);
}

function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Whatever it is, it is no JSON that a schema accepts. The message would quote the file.
    return null;
  }
}
