import type { Ports } from "../platform/mod.ts";
import type { EncryptingProgram } from "./encrypting_program.ts";

/** The programs of a development platform that have a key ring. */
export function developmentPrograms(dir: string, ports: Ports): readonly EncryptingProgram[] {
  const adminPorts = {
    auth: ports.authAdmin,
    payment: ports.paymentAdmin,
    orders: ports.ordersAdmin,
  };
  return Object.entries(adminPorts).map(([name, port]) => ({
    name,
    ringFile: `${dir}/keys/encryption_${name}.json`,
    adminUrls: [`http://127.0.0.1:${port}`],
  }));
}

export function rotationFileOf(dir: string): string {
  return `${dir}/keys/rotation.json`;
}
