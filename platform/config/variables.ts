import { z } from "zod";
import { logLevels } from "platform/telemetry";

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

/** Where the platform's programs are when no discovery says otherwise. */
export const addressVariables = {
  EDGE_URL: z.url({ protocol: /^https$/ }).default(localPort(8443)),
  AUTH_URL: z.url({ protocol: /^https$/ }).default(localPort(4001)),
  PAYMENT_URL: z.url({ protocol: /^https$/ }).default(localPort(4002)),
  ORDERS_URL: z.url({ protocol: /^https$/ }).default(localPort(4003)),
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
  OIDC_ISSUER: z.url({ protocol: /^https$/ }).optional(),
  OIDC_JWKS_URI: z.url({ protocol: /^https$/ }).optional(),
  OIDC_AUDIENCE: z.string().optional(),
  OIDC_CLIENT_ID: z.string().optional(),
};
