import { freePort } from "../platform/free_port.ts";
import { findProgram } from "./found.ts";
import { needServer, runShell, type ServerPlace, serverTls } from "./place.ts";
import { RealServer } from "./real_server.ts";
import { openTlsTerminator } from "./tls_terminator.ts";

/** DynamoDB Local behind TLS: it speaks plain HTTP only. What it holds is kept on disk. */
export async function startDynamodb(
  { dataDir, tlsDir, port }: ServerPlace,
): Promise<RealServer> {
  const jar = needServer("dynamodb");
  const folder = jar.slice(0, jar.lastIndexOf("/"));
  await runShell('mkdir -p "$1"', dataDir);
  const { cert, key } = await serverTls(tlsDir, "dynamodb");
  const plainPort = freePort();
  return await RealServer.start({
    name: "dynamodb",
    command: [
      ...withoutSyncs(),
      "java",
      "-Xmx256m",
      `-Djava.library.path=${folder}/DynamoDBLocal_lib`,
      ...["-jar", jar, "-sharedDb", "-dbPath", dataDir, "-port", String(plainPort)],
    ],
    port,
    innerPort: plainPort,
    openFront: () => openTlsTerminator({ cert, key, port, plainPort }),
  });
}

/**
 * It writes to disk at each change and waits for it, which no DynamoDB does: a few writes a second are all
 * that it gets done. What a killed process had written is there all the same; only a machine that goes
 * down would lose it.
 */
function withoutSyncs(): readonly string[] {
  const found = findProgram("eatmydata");
  return found ? [found] : [];
}

/** As `PAYMENT_DYNAMODB_ENDPOINT` takes it. */
export function dynamodbEndpoint(port: number): string {
  return `https://localhost:${port}`;
}

/** What the AWS SDK asks for. DynamoDB Local takes any. */
export const dynamodbCredentials = {
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "local",
  AWS_SECRET_ACCESS_KEY: "local",
} as const;

/** Has the AWS SDK in this process find them: it looks for credentials itself. */
export function useDynamodbCredentials(): void {
  for (const [name, value] of Object.entries(dynamodbCredentials)) Deno.env.set(name, value);
}
