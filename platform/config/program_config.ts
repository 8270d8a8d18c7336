import { createPublicKey, X509Certificate } from "node:crypto";
import type { z } from "zod";
import type { LogLevel } from "platform/telemetry";
import type { TlsFiles } from "platform/tls";
import { configError, readFiles, variablesOf } from "./env.ts";
import { type programVariables, tlsVariables } from "./variables.ts";

type Given<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;

/** What every program is told about itself. */
export interface ProgramConfig {
  readonly logLevel: LogLevel;
  readonly server: { readonly hostname: string; readonly port: number; readonly drainMs: number };
  readonly tls: TlsFiles;
}

export function programConfigOf(
  given: Given<typeof programVariables>,
  port: number,
): ProgramConfig {
  return {
    logLevel: given.LOG_LEVEL,
    server: { hostname: given.LISTEN_HOSTNAME, port, drainMs: given.DRAIN_TIMEOUT_MS },
    tls: {
      certFile: given.TLS_CERT_FILE,
      keyFile: given.TLS_KEY_FILE,
      caFile: given.TLS_CA_FILE,
      revokedFile: given.TLS_REVOKED_FILE,
    },
  };
}

/** Where a program's embedded stores are. */
export interface EmbeddedStoresConfig {
  readonly kind: "embedded";
  /** Path of the database file, or `:memory:`. */
  readonly path: string;
}

export function embeddedStoresOf(dataDir: string, program: string): EmbeddedStoresConfig {
  return { kind: "embedded", path: `${dataDir}/${program}/${program}.sqlite` };
}

/** Where a program's events are that others read. */
export interface EventsConfig {
  readonly program: string;
  /** Path of the file that they are in when there is no Redis. */
  readonly path: string;
}

export function eventsOf(dataDir: string, program: string): EventsConfig {
  return { program, path: `${dataDir}/events/${program}.sqlite` };
}

/** An absent denylist denies nobody: it is not among what must be there. */
const tlsFileNames = ["TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_CA_FILE"] as const;

/**
 * To be asked beside the other readers of a configuration. Does not check who issued the certificate, nor
 * until when it is good: that is looked at when it is put to use.
 *
 * @throws {ConfigError} naming each file of our certificate that cannot be read, and the key if it is another's.
 */
export function checkTlsFiles(get: (name: string) => string | undefined): void {
  const files = readFiles(variablesOf(tlsVariables, tlsFileNames, get));
  const { TLS_CERT_FILE: cert, TLS_KEY_FILE: key } = files;
  // Undefined when a variable is missing, and then that is what is told.
  if (cert === undefined || key === undefined || fits(cert, key)) return;
  throw configError(["TLS_KEY_FILE: Holds no key that fits the certificate in TLS_CERT_FILE"]);
}

function fits(cert: string, key: string): boolean {
  try {
    return new X509Certificate(cert).publicKey.equals(createPublicKey(key));
  } catch {
    // One of them is nothing of the kind. What stands there is not to be repeated.
    return false;
  }
}
