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
import type { DiscoveryConfig } from "platform/discovery";
import type { RedisConfig } from "platform/redis";
import type { DynamodbConfig, StoresConfig } from "./adapters/mod.ts";
import { dynamodbVariables, readDynamodb } from "./dynamodb_config.ts";

const variables = {
  ...programVariables,
  ...tokenVariables,
  ...encryptionVariables,
  ...dynamodbVariables,
  OIDC_CLIENT_ID: z.string().default("payment"),
  OIDC_CLIENT_SECRET_FILE: z.string(),
  PAYMENT_PORT: Port.default(4002),
  PAYMENT_ADMIN_PORT: Port.default(9102),
  SALLYPORT_DATA_DIR: z.string(),
  PSP_URL: z.url({ protocol: /^https$/ }).default("https://localhost:4010"),
  PSP_API_KEY_FILE: z.string(),
  PSP_WEBHOOK_SECRET_FILE: z.string(),
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
  readonly tokens: TokenRules;
  /** Undefined: tokens are our own auth server's. */
  readonly foreignIssuer: ForeignIssuer | undefined;
  /** By which clients call the edge. */
  readonly edgeOrigins: readonly string[];
  /** Where auth tells of accounts when there is no Redis. */
  readonly accountEventsPath: string;
  readonly client: { readonly tokenUrl: string; readonly id: string; readonly secret: Secret };
  readonly processor: {
    readonly baseUrl: string;
    readonly apiKey: Secret;
    readonly webhookSecret: Secret;
  };
  readonly encryption: EncryptionConfig;
  readonly fault: { readonly point: string | undefined; readonly markerDir: string };
}

/** @throws {ConfigError} naming every variable that is missing or wrong. */
export function loadConfig(get: (name: string) => string | undefined): Config {
  const paths = variablesOf(variables, [
    "OIDC_CLIENT_SECRET_FILE",
    "PSP_API_KEY_FILE",
    "PSP_WEBHOOK_SECRET_FILE",
  ], get);
  const { given, foreignIssuer, discovery, redis, files, dynamodb } = readAll({
    given: () => parseEnv(variables, get),
    tls: () => checkTlsFiles(get),
    foreignIssuer: () => readForeignIssuer(get, { needsTokens: true }),
    discovery: () => readDiscovery(get),
    redis: () => readRedisConfig(get),
    refused: () =>
      refuseInProduction(
        variablesOf(variables, ["SALLYPORT_ENV", "FAULT_POINT"], get),
        Boolean(get("PAYMENT_DYNAMODB_ENDPOINT")),
      ),
    files: () => readFiles(paths),
    encryption: () => checkEncryption(get),
    dynamodb: () => readDynamodb(get),
  });
  const dataDir = given.SALLYPORT_DATA_DIR;
  return {
    ...programConfigOf(given, given.PAYMENT_PORT),
    adminPort: given.PAYMENT_ADMIN_PORT,
    discovery,
    redis,
    events: eventsOf(dataDir, "payment"),
    stores: storesOf(embeddedStoresOf(dataDir, "payment"), dynamodb),
    tokens: tokenRulesOf(given, given.OIDC_CLIENT_ID),
    foreignIssuer,
    edgeOrigins: edgeOriginsOf(given),
    accountEventsPath: eventsOf(dataDir, "auth").path,
    client: {
      tokenUrl: tokenUrlOf(given),
      id: given.OIDC_CLIENT_ID,
      secret: new Secret(files.OIDC_CLIENT_SECRET_FILE.trim()),
    },
    processor: {
      baseUrl: given.PSP_URL,
      apiKey: new Secret(files.PSP_API_KEY_FILE.trim()),
      webhookSecret: new Secret(files.PSP_WEBHOOK_SECRET_FILE.trim()),
    },
    encryption: encryptionConfigOf(given, `${dataDir}/payment/key_uses.json`),
    fault: { point: given.FAULT_POINT, markerDir: `${dataDir}/payment` },
  };
}

function storesOf(
  embedded: EmbeddedStoresConfig,
  dynamodb: DynamodbConfig | undefined,
): StoresConfig {
  if (!dynamodb) return embedded;
  return { kind: "dynamodb", ...dynamodb };
}

function refuseInProduction(
  given: { readonly SALLYPORT_ENV: string; readonly FAULT_POINT?: string | undefined },
  namesStore: boolean,
): void {
  if (given.SALLYPORT_ENV !== "production") return;
  const faults: string[] = [];
  if (!namesStore) {
    faults.push("PAYMENT_DYNAMODB_ENDPOINT: The embedded store is for development only");
  }
  if (given.FAULT_POINT) faults.push("FAULT_POINT: For development only");
  if (faults.length > 0) throw configError(faults);
}
