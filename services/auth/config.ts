import { z } from "zod";
import type { TokenRules } from "platform/access";
import {
  configError,
  type EmbeddedStoresConfig,
  embeddedStoresOf,
  parseEnv,
  Port,
  type ProgramConfig,
  programConfigOf,
  programVariables,
  readFiles,
  tokenRulesOf,
  tokenVariables,
} from "platform/config";
import { type Client, Clients } from "./clients.ts";
import { DemoUsers } from "./demo_users.ts";
import { SigningKeys } from "./signing_keys.ts";

const variables = {
  ...programVariables,
  ...tokenVariables,
  OIDC_CLIENT_ID: z.string().default("auth"),
  AUTH_PORT: Port.default(4001),
  AUTH_ADMIN_PORT: Port.default(9101),
  SALLYPORT_DATA_DIR: z.string(),
  /** JWKS of private ES256 keys. */
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

export interface Config extends ProgramConfig {
  readonly adminPort: number;
  readonly stores: EmbeddedStoresConfig;
  readonly tokens: TokenRules;
  readonly signingKeys: SigningKeys;
  readonly cookieKeys: readonly string[];
  readonly clients: readonly Client[];
  readonly demoUsers: DemoUsers | undefined;
}

/** @throws {ConfigError} naming every variable that is missing or wrong, or whose file is. */
export function loadConfig(get: (name: string) => string | undefined): Config {
  const given = parseEnv(variables, get);
  refuseInProduction(given);
  const files = parseFiles(readFiles({
    OIDC_SIGNING_KEYS_FILE: given.OIDC_SIGNING_KEYS_FILE,
    OIDC_COOKIE_KEYS_FILE: given.OIDC_COOKIE_KEYS_FILE,
    OIDC_CLIENTS_FILE: given.OIDC_CLIENTS_FILE,
    DEMO_USERS_FILE: given.DEMO_USERS_FILE,
  }));
  const dataDir = given.SALLYPORT_DATA_DIR;
  return {
    ...programConfigOf(given, given.AUTH_PORT),
    adminPort: given.AUTH_ADMIN_PORT,
    stores: embeddedStoresOf(dataDir, "auth"),
    tokens: tokenRulesOf(given, given.OIDC_CLIENT_ID),
    signingKeys: files.OIDC_SIGNING_KEYS_FILE,
    cookieKeys: files.OIDC_COOKIE_KEYS_FILE,
    clients: files.OIDC_CLIENTS_FILE,
    demoUsers: files.DEMO_USERS_FILE,
  };
}

function refuseInProduction(given: {
  readonly SALLYPORT_ENV: string;
  readonly DEMO_USERS_FILE?: string | undefined;
}): void {
  if (given.SALLYPORT_ENV !== "production") return;
  const faults = ["AUTH_MONGODB_URL: The embedded store is for development only"];
  if (given.DEMO_USERS_FILE) faults.push("DEMO_USERS_FILE: For development only");
  throw configError(faults);
}

/** Says where in a file something is wrong, never what stands there: these files hold secrets. */
function parseFiles(texts: Readonly<Record<FileName, string | undefined>>): Files {
  const faults: string[] = [];
  const parsed: Record<string, unknown> = {};
  for (const name of Object.keys(fileShapes) as FileName[]) {
    const result = fileShapes[name].safeParse(parseJson(texts[name]), { reportInput: false });
    if (result.success) parsed[name] = result.data;
    else {
      const { path, message } = result.error.issues[0]!;
      faults.push(`${name}: In its file, at "${path.join("/")}": ${message}`);
    }
  }
  if (faults.length > 0) throw configError(faults);
  return parsed as Files;
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
