import { needServer, runShell, type ServerPlace, serverTls } from "./place.ts";
import { RealServer } from "./real_server.ts";

/**
 * Prometheus over TLS, for clients with a certificate of the same CA. Asks `targets` for `/metrics` with
 * its own certificate, and itself.
 */
export async function startPrometheus(
  { dataDir, tlsDir, port }: ServerPlace,
  targets: readonly string[] = [],
): Promise<RealServer> {
  const prometheus = needServer("prometheus");
  const { cert, key, ca } = await serverTls(tlsDir, "prometheus");
  await runShell('mkdir -p "$1"', dataDir);
  const scraping = {
    "global": { "scrape_interval": "1s" },
    "scrape_configs": [{
      "job_name": "sallyport",
      "scheme": "https",
      "tls_config": { "ca_file": ca, "cert_file": cert, "key_file": key },
      "static_configs": [{ "targets": [`localhost:${port}`, ...targets] }],
    }],
  };
  const web = {
    "tls_server_config": {
      "cert_file": cert,
      "key_file": key,
      "client_ca_file": ca,
      "client_auth_type": "RequireAndVerifyClientCert",
    },
  };
  // JSON is YAML, too.
  await Deno.writeTextFile(`${dataDir}/prometheus.yaml`, JSON.stringify(scraping));
  await Deno.writeTextFile(`${dataDir}/web.yaml`, JSON.stringify(web));
  return await RealServer.start({
    name: "prometheus",
    command: [
      prometheus,
      `--config.file=${dataDir}/prometheus.yaml`,
      `--web.config.file=${dataDir}/web.yaml`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--storage.tsdb.path=${dataDir}/tsdb`,
    ],
    readyLine: /Server is ready to receive web requests/,
    port,
  });
}
