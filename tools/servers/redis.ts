import { needServer, runShell, type ServerPlace, serverTls } from "./place.ts";
import { RealServer } from "./real_server.ts";

/** Redis over TLS, for clients with a certificate of the same CA. What it holds is kept on disk. */
export async function startRedis({ dataDir, tlsDir, port }: ServerPlace): Promise<RealServer> {
  const redis = needServer("redis");
  const { cert, key, ca } = await serverTls(tlsDir, "redis");
  await runShell('mkdir -p "$1"', dataDir);
  const settings = {
    "port": "0",
    "tls-port": String(port),
    "bind": "127.0.0.1",
    "tls-cert-file": cert,
    "tls-key-file": key,
    "tls-ca-cert-file": ca,
    "tls-auth-clients": "yes",
    "tls-protocols": "TLSv1.2 TLSv1.3",
    "dir": dataDir,
    "save": "",
    "appendonly": "yes",
  };
  return await RealServer.start({
    name: "redis",
    command: [redis, ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])],
    readyLine: /Ready to accept connections/,
    port,
  });
}

/** As `REDIS_URL` takes it. */
export function redisUrl(port: number): string {
  return `rediss://localhost:${port}`;
}
