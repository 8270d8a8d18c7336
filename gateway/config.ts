import { z } from "zod";
import type { TokenRules } from "platform/access";
import { parseEnv, Port, programVariables, readFiles, tokenVariables } from "platform/config";
import type { LogLevel } from "platform/telemetry";
import type { TlsFiles } from "platform/tls";
import { type GatewayConfig, parseGatewayConfig } from "./gateway_config.ts";

const variables = {
  ...programVariables,
  ...tokenVariables,
  OIDC_CLIENT_ID: z.string().default("gateway"),
  GATEWAY_PORT: Port.default(8443),
  GATEWAY_ADMIN_PORT: Port.default(9100),
  GATEWAY_CONFIG_FILE: z.string().default(new URL("./gateway.yaml", import.meta.url).pathname),
};

export interface Config {
  readonly logLevel: LogLevel;
  readonly server: { readonly hostname: string; readonly port: number; readonly drainMs: number };
  readonly adminPort: number;
  readonly tls: TlsFiles;
  readonly tokens: TokenRules;
  readonly edge: URL;
  /** Base URL by program. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly gateway: GatewayConfig;
}

/** @throws {ConfigError} naming every variable that is missing or wrong, or every fault of the configuration file. */
export function loadConfig(get: (name: string) => string | undefined): Config {
  const given = parseEnv(variables, get);
  const { GATEWAY_CONFIG_FILE: file } = given;
  const text = readFiles({ GATEWAY_CONFIG_FILE: file }).GATEWAY_CONFIG_FILE;
  return {
    logLevel: given.LOG_LEVEL,
    server: {
      hostname: given.LISTEN_HOSTNAME,
      port: given.GATEWAY_PORT,
      drainMs: given.DRAIN_TIMEOUT_MS,
    },
    adminPort: given.GATEWAY_ADMIN_PORT,
    tls: {
      certFile: given.TLS_CERT_FILE,
      keyFile: given.TLS_KEY_FILE,
      caFile: given.TLS_CA_FILE,
      revokedFile: given.TLS_REVOKED_FILE,
    },
    tokens: {
      issuer: given.OIDC_ISSUER ?? `${given.EDGE_URL}/oidc`,
      audience: given.OIDC_AUDIENCE ?? given.EDGE_URL,
      jwksUri: given.OIDC_JWKS_URI ?? `${given.AUTH_URL}/oidc/jwks`,
      clientId: given.OIDC_CLIENT_ID,
    },
    edge: new URL(given.EDGE_URL),
    addresses: { auth: given.AUTH_URL, payment: given.PAYMENT_URL, orders: given.ORDERS_URL },
    gateway: parseGatewayConfig(text, file),
  };
}
