import { z } from "zod";
import type { TokenRules } from "platform/access";
import type { RedisConfig } from "platform/redis";
import {
  checkIssuer,
  checkTlsFiles,
  issuerOf,
  parseEnv,
  Port,
  type ProgramConfig,
  programConfigOf,
  programVariables,
  readAll,
  readDiscovery,
  readFiles,
  readRedisConfig,
  tokenRulesOf,
  tokenVariables,
  variablesOf,
} from "platform/config";
import type { DiscoveryConfig } from "platform/discovery";
import { type GatewayConfig, parseGatewayConfig } from "./gateway_config.ts";

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
  /** Absent: what the Admin API changes lasts as long as the process. */
  SALLYPORT_DATA_DIR: z.string().optional(),
  GATEWAY_CONFIG_FILE: z.string().default(new URL("./gateway.yaml", import.meta.url).pathname),
};

export interface Config extends ProgramConfig {
  /** Of the edge that asks clients for certificates. */
  readonly mtlsPort: number;
  /** Where `file-log` may write; undefined: nowhere. */
  readonly logDir: string | undefined;
  readonly adminPort: number;
  /** Undefined: what Redis would do is done in the process. */
  readonly redis: RedisConfig | undefined;
  readonly tokens: TokenRules;
  readonly edge: URL;
  readonly discovery: DiscoveryConfig;
  readonly gateway: GatewayConfig;
  /** What `gateway` was read from, and whose name no consumer may have. */
  readonly file: { readonly path: string; readonly text: string; readonly issuer: string };
  /** Where the configuration is kept that the Admin API has changed. */
  readonly statePath: string | undefined;
  readonly adminTlsPort: number;
  /** Absent in production. */
  readonly adminApi: { readonly hostname: string; readonly port: number } | undefined;
}

/** @throws {ConfigError} naming every variable that is missing or wrong, or every fault of the configuration file. */
export function loadConfig(get: (name: string) => string | undefined): Config {
  const { GATEWAY_CONFIG_FILE, ...addresses } = variablesOf(
    variables,
    ["GATEWAY_CONFIG_FILE", "EDGE_URL", "OIDC_ISSUER"],
    get,
  );
  const { given, discovery, redis, gateway } = readAll({
    given: () => parseEnv(variables, get),
    tls: () => checkTlsFiles(get),
    issuer: () => checkIssuer(get),
    discovery: () => readDiscovery(get),
    redis: () => readRedisConfig(get),
    gateway: () => {
      const path = GATEWAY_CONFIG_FILE;
      const text = readFiles({ GATEWAY_CONFIG_FILE }).GATEWAY_CONFIG_FILE;
      const issuer = issuerOf(addresses);
      return { file: { path, text, issuer }, config: parseGatewayConfig(text, path, { issuer }) };
    },
  });
  const dataDir = given.SALLYPORT_DATA_DIR;
  return {
    ...programConfigOf(given, given.GATEWAY_PORT),
    logDir: given.GATEWAY_LOG_DIR,
    mtlsPort: given.GATEWAY_MTLS_PORT,
    adminPort: given.GATEWAY_ADMIN_PORT,
    redis,
    tokens: tokenRulesOf(given, given.OIDC_CLIENT_ID),
    edge: new URL(given.EDGE_URL),
    discovery,
    gateway: gateway.config,
    file: gateway.file,
    statePath: dataDir === undefined ? undefined : `${dataDir}/gateway/configuration.json`,
    adminTlsPort: given.GATEWAY_ADMIN_TLS_PORT,
    adminApi: given.SALLYPORT_ENV === "development"
      ? { hostname: given.GATEWAY_ADMIN_API_HOSTNAME, port: given.GATEWAY_ADMIN_API_PORT }
      : undefined,
  };
}
