import { ensureCertificates } from "certs/store";
import { findServer } from "./found.ts";
import type { ServerName } from "./real_server.ts";

/** Where a server keeps its things, and whom it trusts. */
export interface ServerPlace {
  /** Absolute path. Made when it is not there; what is there is gone on with. */
  readonly dataDir: string;
  /** Absolute path of a folder of `certs/`: the server gets a leaf there, and asks its clients for one. */
  readonly tlsDir: string;
  readonly port: number;
}

/** Paths of a server's certificate, key and CA. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** @throws when this machine does not have the server. */
export function needServer(name: ServerName): string {
  const found = findServer(name);
  if (!found) throw new Error(`Cannot start ${name}: not found, see "deno task servers install"`);
  return found;
}

/** The server's leaf, issued now when it has none. */
export async function serverTls(tlsDir: string, name: ServerName): Promise<ServerTls> {
  await ensureCertificates(tlsDir, [name], new Date());
  return {
    cert: `${tlsDir}/${name}/cert.pem`,
    key: `${tlsDir}/${name}/key.pem`,
    ca: `${tlsDir}/ca.pem`,
  };
}

/** Runs a command of the system to its end. @throws with what it said when it fails. */
export async function runShell(script: string, ...args: readonly string[]): Promise<string> {
  const command = new Deno.Command("/bin/sh", {
    args: ["-euc", script, "sh", ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (code !== 0) throw new Error(`Cannot run "${script}": exit ${code}\n${text(stderr)}`);
  return text(stdout);
}
