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
  /** The variable that names each file, when they are not the program's own. */
  readonly variables?: FileVariables;
}

/** The variable that names each file, for messages to the operator. */
export type FileVariables = Readonly<Record<"cert" | "key" | "ca" | "revoked", string>>;

export const ownFileVariables: FileVariables = {
  cert: "TLS_CERT_FILE",
  key: "TLS_KEY_FILE",
  ca: "TLS_CA_FILE",
  revoked: "TLS_REVOKED_FILE",
};

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
  const { certFile, keyFile, caFile, variables = ownFileVariables } = files;
  const [cert, key, ca] = await Promise.all([
    readText(certFile, variables.cert),
    readText(keyFile, variables.key),
    readText(caFile, variables.ca),
  ]);
  return { cert, key, ca };
}

/** The denylist's serial numbers in normal form. @throws {TlsFileError} when it is absent or not such a list. */
export async function readRevoked(file: string): Promise<ReadonlySet<string>> {
  const text = await readText(file, ownFileVariables.revoked);
  try {
    return new Set(Serials.parse(JSON.parse(text)).map(normalSerial));
  } catch (cause) {
    const reason = "It is not a JSON array of serial numbers in hexadecimal";
    throw new TlsFileError(ownFileVariables.revoked, reason, { cause });
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
