import { z } from "zod";
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
  Secret,
  tokenRulesOf,
  tokenUrlOf,
  tokenVariables,
  variablesOf,
} from "platform/config";
import {
  checkEncryption,
  type EncryptionConfig,
  encryptionConfigOf,
  encryptionVariables,
} from "platform/crypto";
import type { TokenRules } from "platform/access";
import type { DiscoveryConfig } from "platform/discovery";
import type { EventGroup } from "platform/events";
import { PostgresUrl } from "platform/postgres";
import type { RedisConfig } from "platform/redis";
import type { StoresConfig } from "./adapters/mod.ts";
import { paymentDeadlineMs } from "./domain/mod.ts";

const variables = {
  ...programVariables,
  ...tokenVariables,
  ...encryptionVariables,
  OIDC_CLIENT_ID: z.string().default("orders"),
  OIDC_CLIENT_SECRET_FILE: z.string(),
  ORDERS_PORT: Port.default(4003),
  ORDERS_ADMIN_PORT: Port.default(9103),
  ORDERS_POSTGRES_URL: PostgresUrl.optional(),
  ORDERS_POSTGRES_CA_FILE: z.string().optional(),
  SALLYPORT_DATA_DIR: z.string(),
  ORDERS_PAYMENT_DEADLINE_MS: z.coerce.number().int().min(100).default(paymentDeadlineMs),
  DEMO_PRODUCTS_FILE: z.string().optional(),
  FAULT_POINT: z.string().regex(/^[a-z_.]+$/).optional(),
};

export interface Config extends ProgramConfig {
  readonly adminPort: number;
  readonly discovery: DiscoveryConfig;
  /** Undefined: what Redis would do is done in the process. */
  readonly redis: RedisConfig | undefined;
  /** Where our own events go. */
  readonly events: EventsConfig;
  readonly stores: StoresConfig;
  readonly paymentEvents: EventGroup;
  readonly tokens: TokenRules;
  /** Undefined: tokens are our own auth server's. */
  readonly foreignIssuer: ForeignIssuer | undefined;
  /** By which clients call the edge. */
  readonly edgeOrigins: readonly string[];
  /** Where auth tells of accounts when there is no Redis. */
  readonly accountEventsPath: string;
  readonly client: { readonly tokenUrl: string; readonly id: string; readonly secret: Secret };
  readonly paymentDeadlineMs: number;
  readonly encryption: EncryptionConfig;
  /** JSON of the products to offer when there are none. Development only. */
  readonly demoProducts: string | undefined;
  readonly fault: { readonly point: string | undefined; readonly markerDir: string };
}

/** @throws {ConfigError} naming every variable that is missing or wrong. */
export function loadConfig(get: (name: string) => string | undefined): Config {
  const paths = variablesOf(variables, ["OIDC_CLIENT_SECRET_FILE", "DEMO_PRODUCTS_FILE"], get);
  const { given, foreignIssuer, discovery, redis, files, storeCa } = readAll({
    given: () => parseEnv(variables, get),
    tls: () => checkTlsFiles(get),
    foreignIssuer: () => readForeignIssuer(get, { needsTokens: true }),
    discovery: () => readDiscovery(get),
    redis: () => readRedisConfig(get),
    refused: () =>
      refuseInProduction(
        variablesOf(variables, ["SALLYPORT_ENV", "DEMO_PRODUCTS_FILE", "FAULT_POINT"], get),
        Boolean(get("ORDERS_POSTGRES_URL")),
      ),
    files: () => readFiles(paths),
    encryption: () => checkEncryption(get),
    storeCa: () => readStoreCa("ORDERS_POSTGRES_CA_FILE", get),
  });
  const dataDir = given.SALLYPORT_DATA_DIR;
  return {
    ...programConfigOf(given, given.ORDERS_PORT),
    adminPort: given.ORDERS_ADMIN_PORT,
    discovery,
    redis,
    events: eventsOf(dataDir, "orders"),
    stores: storesOf(embeddedStoresOf(dataDir, "orders"), given.ORDERS_POSTGRES_URL, storeCa),
    paymentEvents: {
      source: "payment",
      group: "orders",
      path: eventsOf(dataDir, "payment").path,
      groupPath: `${dataDir}/orders/handled_events.sqlite`,
    },
    tokens: tokenRulesOf(given, given.OIDC_CLIENT_ID),
    foreignIssuer,
    edgeOrigins: edgeOriginsOf(given),
    accountEventsPath: eventsOf(dataDir, "auth").path,
    client: {
      tokenUrl: tokenUrlOf(given),
      id: given.OIDC_CLIENT_ID,
      secret: new Secret(files.OIDC_CLIENT_SECRET_FILE.trim()),
    },
    paymentDeadlineMs: given.ORDERS_PAYMENT_DEADLINE_MS,
    encryption: encryptionConfigOf(given, `${dataDir}/orders/key_uses.json`),
    demoProducts: files.DEMO_PRODUCTS_FILE,
    fault: { point: given.FAULT_POINT, markerDir: `${dataDir}/orders` },
  };
}

function storesOf(
  embedded: EmbeddedStoresConfig,
  postgres: z.output<typeof PostgresUrl> | undefined,
  ca: string | undefined,
): StoresConfig {
  if (!postgres) return embedded;
  return { kind: "postgres", postgres: { ...postgres, ca } };
}

function refuseInProduction(
  given: {
    readonly SALLYPORT_ENV: string;
    readonly DEMO_PRODUCTS_FILE?: string | undefined;
    readonly FAULT_POINT?: string | undefined;
  },
  namesStore: boolean,
): void {
  if (given.SALLYPORT_ENV !== "production") return;
  const faults: string[] = [];
  if (!namesStore) faults.push("ORDERS_POSTGRES_URL: The embedded store is for development only");
  if (given.DEMO_PRODUCTS_FILE) faults.push("DEMO_PRODUCTS_FILE: For development only");
  if (given.FAULT_POINT) faults.push("FAULT_POINT: For development only");
  if (faults.length > 0) throw configError(faults);
}
