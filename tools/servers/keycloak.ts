import { freePort } from "../platform/free_port.ts";
import { findProgram } from "./found.ts";
import { needServer, runShell, type ServerPlace, serverTls } from "./place.ts";
import { RealServer } from "./real_server.ts";

/** The realm of `deploy/keycloak/`. */
export const keycloakRealm = "sallyport";

/** As the platform's programs are told of it. */
export interface KeycloakUrls {
  readonly issuer: string;
  readonly jwks: string;
  readonly token: string;
  readonly authorization: string;
  readonly admin: string;
}

export function keycloakUrls(port: number): KeycloakUrls {
  const origin = `https://localhost:${port}`;
  const issuer = `${origin}/realms/${keycloakRealm}`;
  const protocol = `${issuer}/protocol/openid-connect`;
  return {
    issuer,
    jwks: `${protocol}/certs`,
    token: `${protocol}/token`,
    authorization: `${protocol}/auth`,
    admin: `${origin}/admin/realms/${keycloakRealm}`,
  };
}

/**
 * One Keycloak over TLS, in memory: it begins with what `realm` says, each time.
 *
 * @param realm JSON, as `--import-realm` takes it.
 */
export async function startKeycloak(
  { dataDir, tlsDir, port }: ServerPlace,
  realm: string,
): Promise<RealServer> {
  // What `kc.sh build` has made lies in the distribution: only data are the server's own.
  const distribution = needServer("keycloak").replace(/\/lib\/quarkus-run\.jar$/, "");
  const { cert, key } = await serverTls(tlsDir, "keycloak");
  const link = 'mkdir -p "$1/data/import" && for name in conf lib providers themes; do ' +
    'ln -sfn "$2/$name" "$1/$name"; done';
  await runShell(link, dataDir, distribution);
  await Deno.writeTextFile(`${dataDir}/data/import/realm.json`, realm, { mode: 0o600 });
  return await RealServer.start({
    name: "keycloak",
    command: [
      findProgram("java") ?? "java",
      ...["-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
      `-Dkc.home.dir=${dataDir}`,
      ...["java.util", "java.util.concurrent", "java.security"].map((name) =>
        `--add-opens=java.base/${name}=ALL-UNNAMED`
      ),
      ...["-cp", `${distribution}/lib/quarkus-run.jar`],
      "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
      ...["start", "--optimized", "--import-realm", "--http-enabled=false"],
      `--https-port=${port}`,
      "--http-host=127.0.0.1",
      `--https-certificate-file=${cert}`,
      `--https-certificate-key-file=${key}`,
      `--hostname=https://localhost:${port}`,
      `--http-management-port=${freePort()}`,
    ],
    // It listens before it has taken the realm in.
    readyLine: /Import finished successfully/,
    port,
    readyTimeoutMs: 90_000,
  });
}
