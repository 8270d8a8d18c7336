import { X509Certificate } from "node:crypto";
import { configError, readFiles } from "./env.ts";

/**
 * Who vouches for a store's server: the PEM in the file that `variable` names, `system` for the
 * runtime's roots, or undefined for our own CA, when the variable is unset.
 *
 * @throws {ConfigError} when the file cannot be read or holds no certificate of a CA.
 */
export function readStoreCa(
  variable: string,
  get: (name: string) => string | undefined,
): string | undefined {
  return get(variable) === "system" ? "system" : readCaFile(variable, get);
}

/**
 * The PEM in the file that `variable` names; undefined when that is unset.
 *
 * @throws {ConfigError} when the file cannot be read or holds no certificate of a CA.
 */
export function readCaFile(
  variable: string,
  get: (name: string) => string | undefined,
): string | undefined {
  const given = get(variable) || undefined;
  if (given === undefined) return undefined;
  const pem = readFiles({ [variable]: given })[variable]!;
  if (!isAuthority(pem)) throw configError([`${variable}: Its file holds no certificate of a CA`]);
  return pem;
}

function isAuthority(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    // Whatever it is, nobody can be verified by it. What stands there is not to be repeated.
    return false;
  }
}
