import { z } from "zod";
import type { TokenRules } from "platform/access";
import {
  checkIssuer,
  checkTlsFiles,
  parseEnv,
  Port,
  type ProgramConfig,
  programConfigOf,
  programVariables,
  readAll,
  readFiles,
  tokenRulesOf,
  tokenVariables,
  variablesOf,
} from "platform/config";
import { type GatewayConfig, parseGatewayConfig } from "./gateway_config.ts";

const variables = {
  ...programVariables,
  ...tokenVariables,
  OIDC_CLIENT_ID: z.string().default("gateway"),
  GATEWAY_PORT: Port.default(8443),
  GATEWAY_ADMIN_PORT: Port.default(9100),
  GATEWAY_CONFIG_FILE: z.string().default(new URL("./gateway.yaml", import.meta.url).pathname),
};

export interface Config extends ProgramConfig {
  readonly adminPort: number;
  readonly tokens: TokenRules;
  readonly edge: URL;
  /** Base URL by program. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly gateway: GatewayConfig;
}

/** @throws {ConfigError} naming every variable that is missing or wrong, or every fault of the configuration file. */
export function loadConfig(get: (name: string) => string | undefined): Config {
  const paths = variablesOf(variables, ["GATEWAY_CONFIG_FILE"], get);
  const { given, gateway } = readAll({
    given: () => parseEnv(variables, get),
    tls: () => checkTlsFiles(get),
    issuer: () => checkIssuer(get),
    gateway: () =>
      parseGatewayConfig(readFiles(paths).GATEWAY_CONFIG_FILE, paths.GATEWAY_CONFIG_FILE),
  });
  return {
    ...programConfigOf(given, given.GATEWAY_PORT),
    adminPort: given.GATEWAY_ADMIN_PORT,
    tokens: tokenRulesOf(given, given.OIDC_CLIENT_ID),
    edge: new URL(given.EDGE_URL),
    addresses: { auth: given.AUTH_URL, payment: given.PAYMENT_URL, orders: given.ORDERS_URL },
    gateway,
  };
}
