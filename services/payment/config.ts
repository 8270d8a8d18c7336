import { z } from "zod";
import type { TokenRules } from "platform/access";
import {
  checkIssuer,
  checkTlsFiles,
  configError,
  type EmbeddedStoresConfig,
  embeddedStoresOf,
  parseEnv,
  Port,
  type ProgramConfig,
  programConfigOf,
  programVariables,
  readAll,
  readFiles,
  Secret,
  tokenRulesOf,
  tokenVariables,
  variablesOf,
} from "platform/config";
import { checkKeyRing } from "platform/crypto";

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
  const paths = variablesOf(variables, [
    "OIDC_CLIENT_SECRET_FILE",
    "PSP_API_KEY_FILE",
    "PSP_WEBHOOK_SECRET_FILE",
    "TLS_CA_FILE",
  ], get);
  const { given, files, keyRing } = readAll({
    given: () => parseEnv(variables, get),
    tls: () => checkTlsFiles(get),
    issuer: () => checkIssuer(get),
    refused: () =>
      refuseInProduction(variablesOf(variables, ["SALLYPORT_ENV", "FAULT_POINT"], get)),
    files: () => readFiles(paths),
    keyRing: () => readKeyRing(variablesOf(variables, ["ENCRYPTION_KEYS_FILE"], get)),
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
    encryptionKeys: new Secret(keyRing),
    fault: { point: given.FAULT_POINT, markerDir: `${dataDir}/payment` },
  };
}

function readKeyRing(path: { readonly ENCRYPTION_KEYS_FILE: string }): string {
  const { ENCRYPTION_KEYS_FILE: text } = readFiles(path);
  // Undefined when the variable is missing, and then that is what is told.
  if (text !== undefined) checkKeyRing("ENCRYPTION_KEYS_FILE", text);
  return text;
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
