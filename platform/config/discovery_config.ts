import type { z } from "zod";
import type { ConsulConfig, DiscoveryConfig } from "platform/discovery";
import { configError, parseEnv, readFiles } from "./env.ts";
import { Secret } from "./secret.ts";
import { addressVariables, consulVariables, programVariables, tlsVariables } from "./variables.ts";

const variables = {
  ...addressVariables,
  ...consulVariables,
  ...tlsVariables,
  LISTEN_HOSTNAME: programVariables.LISTEN_HOSTNAME,
};
type Given = z.output<z.ZodObject<typeof variables>>;

/** For messages about the files that we show to Consul. */
const fileVariables = {
  cert: "CONSUL_CLIENT_CERT",
  key: "CONSUL_CLIENT_KEY",
  ca: "CONSUL_CACERT",
  revoked: "TLS_REVOKED_FILE",
};

/** Addresses to listen on that say nothing of where others reach us. */
const unreachable: ReadonlySet<string> = new Set(["0.0.0.0", "::", "[::]"]);

/**
 * Where the platform's programs are: where Consul says when there is one, else at the addresses given.
 * To be asked beside the other readers of a configuration.
 *
 * @throws {ConfigError} naming every variable that is missing or wrong.
 */
export function readDiscovery(get: (name: string) => string | undefined): DiscoveryConfig {
  const given = parseEnv(variables, get);
  const addresses = { auth: given.AUTH_URL, payment: given.PAYMENT_URL, orders: given.ORDERS_URL };
  if (given.CONSUL_HTTP_ADDR === undefined) return { kind: "static", addresses };
  return consulOf(given, given.CONSUL_HTTP_ADDR, Object.keys(addresses));
}

function consulOf(given: Given, place: string, programs: readonly string[]): ConsulConfig {
  const url = urlOf(place, given);
  const address = given.ADVERTISE_ADDRESS ?? given.LISTEN_HOSTNAME;
  const faults = [
    ...url === undefined
      ? ['CONSUL_HTTP_ADDR: Neither "https://host:port", nor "host:port" with CONSUL_HTTP_SSL']
      : [],
    ...given.CONSUL_HTTP_TOKEN !== undefined && given.CONSUL_HTTP_TOKEN_FILE !== undefined
      ? ["CONSUL_HTTP_TOKEN_FILE: Given beside CONSUL_HTTP_TOKEN"]
      : [],
    ...(given.CONSUL_CLIENT_CERT === undefined) !== (given.CONSUL_CLIENT_KEY === undefined)
      ? ["CONSUL_CLIENT_KEY: Needed with CONSUL_CLIENT_CERT, and only then"]
      : [],
    ...unreachable.has(address)
      ? ["ADVERTISE_ADDRESS: Needed when LISTEN_HOSTNAME is every address"]
      : [],
  ];
  if (url === undefined || faults.length > 0) throw configError(faults);
  const { CONSUL_HTTP_TOKEN_FILE: tokenText } = readFiles({
    CONSUL_HTTP_TOKEN_FILE: given.CONSUL_HTTP_TOKEN_FILE,
  });
  const token = given.CONSUL_HTTP_TOKEN ?? tokenText?.trim();
  return {
    kind: "consul",
    url,
    token: token === undefined ? undefined : new Secret(token),
    programs,
    address,
    tls: tlsOf(given),
    isOfOurCa: given.CONSUL_CACERT === undefined || given.CONSUL_CACERT === given.TLS_CA_FILE,
  };
}

/** Undefined for what is no address of Consul, or one that it is spoken to in plaintext at. */
function urlOf(place: string, { CONSUL_HTTP_SSL: ssl }: Given): string | undefined {
  const hasTls = ssl === "true" || ssl === "1";
  const text = hasTls && !place.includes("://") ? `https://${place}` : place;
  if (!URL.canParse(text)) return undefined;
  const { protocol, origin, pathname, search, username } = new URL(text);
  const isOrigin = pathname === "/" && search === "" && username === "";
  return protocol === "https:" && isOrigin ? origin : undefined;
}

function tlsOf(given: Given): ConsulConfig["tls"] {
  const { CONSUL_CACERT: ca, CONSUL_CLIENT_CERT: cert, CONSUL_CLIENT_KEY: key } = given;
  if (ca === undefined && cert === undefined) return undefined;
  return {
    certFile: cert ?? given.TLS_CERT_FILE,
    keyFile: key ?? given.TLS_KEY_FILE,
    caFile: ca ?? given.TLS_CA_FILE,
    revokedFile: given.TLS_REVOKED_FILE,
    variables: fileVariables,
  };
}
