import { z } from "zod";
import { logLevels } from "platform/telemetry";
import { InstanceAddress } from "./instance_address.ts";

/** A TCP port; 0 asks the system for a free one. */
export const Port: z.ZodType<number> = z.coerce.number().int().min(0).max(65_535);

/** The file names of the certificate material that every program holds. */
export const tlsVariables = {
  TLS_CERT_FILE: z.string(),
  TLS_KEY_FILE: z.string(),
  TLS_CA_FILE: z.string(),
  /** JSON array of revoked serial numbers, in hexadecimal. Absent: none is revoked. */
  TLS_REVOKED_FILE: z.string().optional(),
};

const localPort = (port: number) => `https://localhost:${port}`;

const HttpsUrl = z.url({ protocol: /^https$/ });

/** What comes after it is the program's own: paths are not ours to begin. */
const ProgramUrl = HttpsUrl.refine(
  (url) => URL.canParse(url) && `${new URL(url).origin}/` === new URL(url).href,
  "More than https://host:port",
);

/** Where the platform's programs are when no discovery says otherwise. */
export const addressVariables = {
  EDGE_URL: HttpsUrl.default(localPort(8443)),
  AUTH_URL: ProgramUrl.default(localPort(4001)),
  PAYMENT_URL: ProgramUrl.default(localPort(4002)),
  ORDERS_URL: ProgramUrl.default(localPort(4003)),
};

/** Consul's own variables, and where others reach us. Without an address of Consul there is none. */
export const consulVariables = {
  /** `https://host:port`, or `host:port` with CONSUL_HTTP_SSL. */
  CONSUL_HTTP_ADDR: z.string().optional(),
  CONSUL_HTTP_SSL: z.enum(["true", "false", "1", "0"]).optional(),
  CONSUL_HTTP_TOKEN: z.string().optional(),
  CONSUL_HTTP_TOKEN_FILE: z.string().optional(),
  CONSUL_CACERT: z.string().optional(),
  CONSUL_CLIENT_CERT: z.string().optional(),
  CONSUL_CLIENT_KEY: z.string().optional(),
  /** LISTEN_HOSTNAME when absent. */
  ADVERTISE_ADDRESS: InstanceAddress.optional(),
};

/** What every program reads. */
export const programVariables = {
  ...tlsVariables,
  ...addressVariables,
  SALLYPORT_ENV: z.enum(["development", "production"]).default("production"),
  LOG_LEVEL: z.enum(logLevels).default("info"),
  /** Address to listen on. Loopback unless a container or host network says otherwise. */
  LISTEN_HOSTNAME: z.string().default("127.0.0.1"),
  DRAIN_TIMEOUT_MS: z.coerce.number().int().min(0).max(120_000).default(10_000),
};

/** What every program that verifies tokens reads. */
export const tokenVariables = {
  OIDC_ISSUER: HttpsUrl.optional(),
  OIDC_JWKS_URI: HttpsUrl.optional(),
  /** Where programs get tokens of their own. Needed by those that do, for another issuer than our own. */
  OIDC_TOKEN_URL: HttpsUrl.optional(),
  /** PEM of the CA that vouches for another issuer's server; the system's CAs when absent. */
  OIDC_CA_FILE: z.string().optional(),
  OIDC_AUDIENCE: z.string().optional(),
  /** Origin of the edge at which clients show certificates. */
  MTLS_EDGE_URL: HttpsUrl.optional(),
  OIDC_CLIENT_ID: z.string().optional(),
};
