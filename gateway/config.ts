import { parseArgs } from "node:util";
import { z } from "zod";
import type { TokenRules } from "platform/access";
import type { RedisConfig } from "platform/redis";
import {
  checkTlsFiles,
  eventsOf,
  type ForeignIssuer,
  issuerOf,
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
  tokenRulesOf,
  tokenVariables,
  variablesOf,
} from "platform/config";
import type { DiscoveryConfig } from "platform/discovery";
import { type GatewayConfig, parseGatewayConfig } from "./gateway_config.ts";

/** As many as the largest machines have cores that a gateway is given. */
export const workersMax = 64;

const variables = {
  ...programVariables,
  ...tokenVariables,
  OIDC_CLIENT_ID: z.string().default("gateway"),
  GATEWAY_PORT: Port.default(8443),
  GATEWAY_LOG_DIR: z.string().startsWith("/", "Not an absolute path").optional(),
  GATEWAY_MTLS_PORT: Port.default(8445),
  GATEWAY_ADMIN_PORT: Port.default(9100),
  /** Mutual TLS, for operators. */
  GATEWAY_ADMIN_TLS_PORT: Port.default(8444),
  /** Plain HTTP, in development only. */
  GATEWAY_ADMIN_API_PORT: Port.default(8001),
  GATEWAY_ADMIN_API_HOSTNAME: z.string().default("127.0.0.1"),
  GATEWAY_WORKERS: z.coerce.number().int().min(1).max(workersMax).default(1),
  /** Absent: what the Admin API changes lasts as long as the process. */
  SALLYPORT_DATA_DIR: z.string().optional(),
  GATEWAY_CONFIG_FILE: z.string().default(new URL("./gateway.yaml", import.meta.url).pathname),
};

/** What each thread of the gateway is told. */
export interface Settings extends ProgramConfig {
  /** Of the edge that asks clients for certificates. */
  readonly mtlsPort: number;
  /** Where `file-log` may write; undefined: nowhere. */
  readonly logDir: string | undefined;
  /** Undefined: what Redis would do is done in the process. */
  readonly redis: RedisConfig | undefined;
  readonly tokens: TokenRules;
  /** Undefined: tokens are our own auth server's. */
  readonly foreignIssuer: ForeignIssuer | undefined;
  /** Where auth tells of accounts when there is no Redis; nobody is told of them without either. */
  readonly accountEventsPath: string | undefined;
  readonly edge: URL;
  readonly discovery: DiscoveryConfig;
}

export interface Config extends Settings {
  /** Threads that answer at the edge; 1: the main thread does. */
  readonly workers: number;
  readonly adminPort: number;
  readonly gateway: GatewayConfig;
  /** What `gateway` was read from, and whose name no consumer may have. */
  readonly file: { readonly path: string; readonly text: string; readonly issuer: string };
  /** Where the configuration is kept that the Admin API has changed. */
  readonly statePath: string | undefined;
  readonly adminTlsPort: number;
  /** Absent in production. */
  readonly adminApi: { readonly hostname: string; readonly port: number } | undefined;
}

/** A variable's value; undefined when it is not set. */
type Get = (name: string) => string | undefined;

/**
 * @param args of the command line: `--workers N` stands for `GATEWAY_WORKERS`, and goes before it.
 * @throws {ConfigError} naming every variable that is missing or wrong, or every fault of the configuration file.
 */
export function loadConfig(getVariable: Get, args: readonly string[] = []): Config {
  const get = withFlags(getVariable, args);
  const { GATEWAY_CONFIG_FILE, ...addresses } = variablesOf(variables, [
    "GATEWAY_CONFIG_FILE",
    "EDGE_URL",
    "OIDC_ISSUER",
  ], get);
  const { given, gateway, ...read } = readAll({
    ...settingsReaders(get),
    gateway: () => {
      const path = GATEWAY_CONFIG_FILE;
      const text = readFiles({ GATEWAY_CONFIG_FILE }).GATEWAY_CONFIG_FILE;
      const issuer = issuerOf(addresses);
      return { file: { path, text, issuer }, config: parseGatewayConfig(text, path, { issuer }) };
    },
  });
  const dataDir = given.SALLYPORT_DATA_DIR;
  return {
    ...settingsOf({ given, ...read }),
    workers: given.GATEWAY_WORKERS,
    adminPort: given.GATEWAY_ADMIN_PORT,
    gateway: gateway.config,
    file: gateway.file,
    statePath: dataDir === undefined ? undefined : `${dataDir}/gateway/configuration.json`,
    adminTlsPort: given.GATEWAY_ADMIN_TLS_PORT,
    adminApi: given.SALLYPORT_ENV === "development"
      ? { hostname: given.GATEWAY_ADMIN_API_HOSTNAME, port: given.GATEWAY_ADMIN_API_PORT }
      : undefined,
  };
}

/** For a worker: the main thread has the configuration file. @throws {ConfigError} as `loadConfig` does. */
export function loadSettings(get: Get): Settings {
  return settingsOf(readAll(settingsReaders(get)));
}

function settingsReaders(get: Get) {
  return {
    given: () => parseEnv(variables, get),
    tls: () => checkTlsFiles(get),
    foreignIssuer: () => readForeignIssuer(get),
    discovery: () => readDiscovery(get),
    redis: () => readRedisConfig(get),
  };
}

type Read = {
  readonly [Name in "given" | "foreignIssuer" | "discovery" | "redis"]: ReturnType<
    ReturnType<typeof settingsReaders>[Name]
  >;
};

function settingsOf({ given, foreignIssuer, discovery, redis }: Read): Settings {
  return {
    ...programConfigOf(given, given.GATEWAY_PORT),
    logDir: given.GATEWAY_LOG_DIR,
    mtlsPort: given.GATEWAY_MTLS_PORT,
    redis,
    tokens: tokenRulesOf(given, given.OIDC_CLIENT_ID),
    foreignIssuer,
    accountEventsPath: given.SALLYPORT_DATA_DIR &&
      eventsOf(given.SALLYPORT_DATA_DIR, "auth").path,
    edge: new URL(given.EDGE_URL),
    discovery,
  };
}

function withFlags(get: Get, args: readonly string[]): Get {
  const { values } = parseArgs({
    args: [...args],
    options: { workers: { type: "string" } },
    strict: false,
  });
  const { workers } = values;
  if (workers === undefined) return get;
  // The flag without a number is `true` here, which is none.
  return (name) => name === "GATEWAY_WORKERS" ? String(workers) : get(name);
}
