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
  Secret,
  tokenRulesOf,
  tokenVariables,
} from "platform/config";

const variables = {
  ...programVariables,
  ...tokenVariables,
  OIDC_CLIENT_ID: z.string().default("payment"),
  OIDC_CLIENT_SECRET_FILE: z.string(),
  PAYMENT_PORT: Port.default(4002),
  PAYMENT_ADMIN_PORT: Port.default(9102),
  SALLYPORT_DATA_DIR: z.string(),
  ENCRYPTION_KEYS_FILE: z.string(),
  PSP_URL: z.url({ protocol: /^https$/ }).default("https://localhost:4010"),
  PSP_API_KEY_FILE: z.string(),
  PSP_WEBHOOK_SECRET_FILE: z.string(),
  FAULT_POINT: z.string().regex(/^[a-z_.]+$/).optional(),
};

export interface Config extends ProgramConfig {
  readonly adminPort: number;
  readonly stores: EmbeddedStoresConfig;
  readonly tokens: TokenRules;
  readonly client: { readonly tokenUrl: string; readonly id: string; readonly secret: Secret };
  readonly ordersUrl: string;
  readonly processor: {
    readonly baseUrl: string;
    readonly apiKey: Secret;
    readonly webhookSecret: Secret;
    /** PEM of the authority that vouches for the processor. */
    readonly ca: string;
  };
  readonly encryptionKeys: Secret;
  readonly fault: { readonly point: string | undefined; readonly markerDir: string };
}

/** @throws {ConfigError} naming every variable that is missing or wrong. */
export function loadConfig(get: (name: string) => string | undefined): Config {
  const given = parseEnv(variables, get);
  refuseInProduction(given);
  const files = readFiles({
    OIDC_CLIENT_SECRET_FILE: given.OIDC_CLIENT_SECRET_FILE,
    ENCRYPTION_KEYS_FILE: given.ENCRYPTION_KEYS_FILE,
    PSP_API_KEY_FILE: given.PSP_API_KEY_FILE,
    PSP_WEBHOOK_SECRET_FILE: given.PSP_WEBHOOK_SECRET_FILE,
    TLS_CA_FILE: given.TLS_CA_FILE,
  });
  const dataDir = given.SALLYPORT_DATA_DIR;
  return {
    ...programConfigOf(given, given.PAYMENT_PORT),
    adminPort: given.PAYMENT_ADMIN_PORT,
    stores: embeddedStoresOf(dataDir, "payment"),
    tokens: tokenRulesOf(given, given.OIDC_CLIENT_ID),
    client: {
      tokenUrl: `${given.AUTH_URL}/oidc/token`,
      id: given.OIDC_CLIENT_ID,
      secret: new Secret(files.OIDC_CLIENT_SECRET_FILE.trim()),
    },
    ordersUrl: given.ORDERS_URL,
    processor: {
      baseUrl: given.PSP_URL,
      apiKey: new Secret(files.PSP_API_KEY_FILE.trim()),
      webhookSecret: new Secret(files.PSP_WEBHOOK_SECRET_FILE.trim()),
      ca: files.TLS_CA_FILE,
    },
    encryptionKeys: new Secret(files.ENCRYPTION_KEYS_FILE),
    fault: { point: given.FAULT_POINT, markerDir: `${dataDir}/payment` },
  };
}

function refuseInProduction(given: {
  readonly SALLYPORT_ENV: string;
  readonly FAULT_POINT?: string | undefined;
}): void {
  if (given.SALLYPORT_ENV !== "production") return;
  const faults = ["PAYMENT_DYNAMODB_ENDPOINT: The embedded store is for development only"];
  if (given.FAULT_POINT) faults.push("FAULT_POINT: For development only");
  throw configError(faults);
}
