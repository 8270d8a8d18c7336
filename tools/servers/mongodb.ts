import { needServer, runShell, type ServerPlace, serverTls } from "./place.ts";
import { RealServer } from "./real_server.ts";

/** MongoDB over TLS, for clients with a certificate of the same CA: mongod when there is one, else FerretDB. */
export async function startMongodb(place: ServerPlace): Promise<RealServer> {
  const program = needServer("mongodb");
  await runShell('mkdir -p "$1"', place.dataDir);
  return program.endsWith("mongod")
    ? await startMongod(program, place)
    : await startFerretdb(program, place);
}

async function startMongod(
  program: string,
  { dataDir, tlsDir, port }: ServerPlace,
): Promise<RealServer> {
  const { cert, key, ca } = await serverTls(tlsDir, "mongodb");
  const both = `${dataDir}/server.pem`;
  await runShell('umask 077; cat "$1" "$2" > "$3"', cert, key, both);
  return await RealServer.start({
    name: "mongodb",
    command: [
      program,
      ...["--dbpath", dataDir, "--bind_ip", "127.0.0.1", "--port", String(port)],
      ...["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", both, "--tlsCAFile", ca],
    ],
    port,
  });
}

/** FerretDB has no transactions, and its changes of one document are not atomic among callers. */
async function startFerretdb(
  program: string,
  { dataDir, tlsDir, port }: ServerPlace,
): Promise<RealServer> {
  const { cert, key, ca } = await serverTls(tlsDir, "mongodb");
  return await RealServer.start({
    name: "mongodb",
    command: [
      program,
      ...["--handler=sqlite", `--sqlite-url=file:${dataDir}/`, `--state-dir=${dataDir}`],
      ...["--listen-addr=", `--listen-tls=127.0.0.1:${port}`],
      ...[
        `--listen-tls-cert-file=${cert}`,
        `--listen-tls-key-file=${key}`,
        `--listen-tls-ca-file=${ca}`,
      ],
      ...["--telemetry=disable", "--debug-addr=-", "--log-level=warn"],
    ],
    port,
  });
}

/** As `AUTH_MONGODB_URL` takes it. */
export function mongodbUrl(port: number): string {
  return `mongodb://localhost:${port}/auth?tls=true`;
}
