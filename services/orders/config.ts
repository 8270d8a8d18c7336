import { z } from "zod";
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
import type { TokenRules } from "platform/access";
import { paymentDeadlineMs } from "./domain/mod.ts";

const variables = {
  ...programVariables,
  ...tokenVariables,
  OIDC_CLIENT_ID: z.string().default("orders"),
  OIDC_CLIENT_SECRET_FILE: z.string(),
  ORDERS_PORT: Port.default(4003),
  ORDERS_ADMIN_PORT: Port.default(9103),
  SALLYPORT_DATA_DIR: z.string(),
  ENCRYPTION_KEYS_FILE: z.string(),
  ORDERS_PAYMENT_DEADLINE_MS: z.coerce.number().int().min(100).default(paymentDeadlineMs),
  DEMO_PRODUCTS_FILE: z.string().optional(),
  FAULT_POINT: z.string().regex(/^[a-z_.]+$/).optional(),
};

export interface Config extends ProgramConfig {
  readonly adminPort: number;
  readonly stores: EmbeddedStoresConfig;
  readonly paymentEventsPath: string;
  readonly tokens: TokenRules;
  readonly client: { readonly tokenUrl: string; readonly id: string; readonly secret: Secret };
  readonly paymentUrl: string;
  readonly paymentDeadlineMs: number;
  readonly encryptionKeys: Secret;
  /** JSON of the products to offer when there are none. Development only. */
  readonly demoProducts: string | undefined;
  readonly fault: { readonly point: string | undefined; readonly markerDir: string };
}

/** @throws {ConfigError} naming every variable that is missing or wrong. */
export function loadConfig(get: (name: string) => string | undefined): Config {
  const paths = variablesOf(variables, ["OIDC_CLIENT_SECRET_FILE", "DEMO_PRODUCTS_FILE"], get);
  const { given, files, keyRing } = readAll({
    given: () => parseEnv(variables, get),
    tls: () => checkTlsFiles(get),
    issuer: () => checkIssuer(get),
    refused: () =>
      refuseInProduction(
        variablesOf(variables, ["SALLYPORT_ENV", "DEMO_PRODUCTS_FILE", "FAULT_POINT"], get),
      ),
    files: () => readFiles(paths),
    keyRing: () => readKeyRing(variablesOf(variables, ["ENCRYPTION_KEYS_FILE"], get)),
  });
  const dataDir = given.SALLYPORT_DATA_DIR;
  return {
    ...programConfigOf(given, given.ORDERS_PORT),
    adminPort: given.ORDERS_ADMIN_PORT,
    stores: embeddedStoresOf(dataDir, "orders"),
    paymentEventsPath: `${dataDir}/events/payment.sqlite`,
    tokens: tokenRulesOf(given, given.OIDC_CLIENT_ID),
    client: {
      tokenUrl: `${given.AUTH_URL}/oidc/token`,
      id: given.OIDC_CLIENT_ID,
      secret: new Secret(files.OIDC_CLIENT_SECRET_FILE.trim()),
    },
    paymentUrl: given.PAYMENT_URL,
    paymentDeadlineMs: given.ORDERS_PAYMENT_DEADLINE_MS,
    encryptionKeys: new Secret(keyRing),
    demoProducts: files.DEMO_PRODUCTS_FILE,
    fault: { point: given.FAULT_POINT, markerDir: `${dataDir}/orders` },
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
  readonly DEMO_PRODUCTS_FILE?: string | undefined;
  readonly FAULT_POINT?: string | undefined;
}): void {
  if (given.SALLYPORT_ENV !== "production") return;
  const faults = ["ORDERS_POSTGRES_URL: The embedded store is for development only"];
  if (given.DEMO_PRODUCTS_FILE) faults.push("DEMO_PRODUCTS_FILE: For development only");
  if (given.FAULT_POINT) faults.push("FAULT_POINT: For development only");
  throw configError(faults);
}
