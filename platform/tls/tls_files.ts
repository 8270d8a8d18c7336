import { z } from "zod";
import type { TlsMaterial } from "./tls_material.ts";
import { normalSerial } from "./serial.ts";

/** Where a program's TLS material lies. Its issuer replaces these files while the program runs. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  /** JSON array of revoked serial numbers, in hexadecimal. Absent: none is revoked. */
  readonly revokedFile?: string | undefined;
}

/** The variable that names each file, for messages to the operator. */
export const fileVariables = {
  cert: "TLS_CERT_FILE",
  key: "TLS_KEY_FILE",
  ca: "TLS_CA_FILE",
  revoked: "TLS_REVOKED_FILE",
} as const;

/** A file cannot be used. Names the variable that names the file, never its contents. */
export class TlsFileError extends Error {
  override readonly name = "TlsFileError";

  constructor(readonly variable: string, reason: string, options?: ErrorOptions) {
    super(`${variable}: ${reason}`, options);
  }
}

const Serials = z.array(z.string().regex(/^(0x)?[0-9a-fA-F:]+$/));

/** @throws {TlsFileError} for the first file that cannot be read. */
export async function readMaterial(files: TlsFiles): Promise<TlsMaterial> {
  const [cert, key, ca] = await Promise.all([
    readText(files.certFile, fileVariables.cert),
    readText(files.keyFile, fileVariables.key),
    readText(files.caFile, fileVariables.ca),
  ]);
  return { cert, key, ca };
}

/** The denylist's serial numbers in normal form. @throws {TlsFileError} when it is absent or not such a list. */
export async function readRevoked(file: string): Promise<ReadonlySet<string>> {
  const text = await readText(file, fileVariables.revoked);
  try {
    return new Set(Serials.parse(JSON.parse(text)).map(normalSerial));
  } catch (cause) {
    const reason = "It is not a JSON array of serial numbers in hexadecimal";
    throw new TlsFileError(fileVariables.revoked, reason, { cause });
  }
}

async function readText(path: string, variable: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    const reason = `Cannot read the file it names: ${(cause as Error).name}`;
    throw new TlsFileError(variable, reason, { cause });
  }
}
