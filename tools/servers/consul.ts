import { freePort } from "../platform/free_port.ts";
import { needServer, runShell, type ServerPlace, serverTls } from "./place.ts";
import { RealServer } from "./real_server.ts";

/** Allowed everything, and nobody else is allowed anything until it says so. For tests only. */
export const consulToken = "5a11e9c0-7e57-4c0d-8e11-000000000001";

/**
 * One Consul server: HTTPS for clients with a certificate of the same CA, access denied by default. It
 * asks for `/readyz` with its own certificate. What it holds is kept on disk.
 */
export async function startConsul({ dataDir, tlsDir, port }: ServerPlace): Promise<RealServer> {
  const consul = needServer("consul");
  const { cert, key, ca } = await serverTls(tlsDir, "consul");
  const settings = {
    "server": true,
    "bootstrap_expect": 1,
    "node_name": "consul",
    "data_dir": dataDir,
    "bind_addr": "127.0.0.1",
    "client_addr": "127.0.0.1",
    // -1: does not listen.
    "ports": {
      ...{ "http": -1, "https": port, "dns": -1, "grpc": -1, "serf_wan": -1 },
      ...{ "serf_lan": freePort(), "server": freePort() },
    },
    "ca_file": ca,
    "cert_file": cert,
    "key_file": key,
    "verify_incoming": true,
    "verify_outgoing": true,
    "enable_agent_tls_for_checks": true,
    // The name that every leaf has: a check cannot say which name it expects (`TLSServerName` is a 400).
    "server_name": "localhost",
    "acl": {
      "enabled": true,
      "default_policy": "deny",
      "tokens": { "master": consulToken, "agent": consulToken },
    },
    "performance": { "raft_multiplier": 1 },
    "disable_update_check": true,
  };
  const file = `${dataDir}/consul.json`;
  await runShell('mkdir -p "$1"', dataDir);
  await Deno.writeTextFile(file, JSON.stringify(settings));
  return await RealServer.start({
    name: "consul",
    command: [consul, "agent", `-config-file=${file}`],
    // Only from then on does it take registrations: it has a leader, and that one knows the token.
    readyLine: /agent: Synced node info/,
    port,
  });
}

/** As `CONSUL_HTTP_ADDR` takes it. */
export function consulUrl(port: number): string {
  return `https://localhost:${port}`;
}
