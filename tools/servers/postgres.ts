import { needServer, runShell, type ServerPlace, serverTls } from "./place.ts";
import { RealServer } from "./real_server.ts";

/** Whose databases there are, each named like its user. */
const users = ["orders"] as const;

/** Makes a cluster unless it is there. */
const prepare = `
  data=$1 users=$2 postgres=$3; shift 3
  bin=$(dirname "$(readlink -f "$postgres")")
  mkdir -p -m 700 "$data"
  if [ $# -gt 0 ]; then chown postgres "$data"; fi
  if [ -e "$data/PG_VERSION" ]; then exit; fi
  "$@" "$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale C --no-sync >/dev/null
  for user in $users; do
    echo "create role \\"$user\\" login;"
    echo "create database \\"$user\\" owner \\"$user\\";"
  done | "$@" "$bin/postgres" --single -D "$data" postgres >/dev/null
  # By certificate, and over TLS only: the name in the certificate is the user.
  echo 'hostssl all all 127.0.0.1/32 cert' > "$data/pg_hba.conf"
`;

/**
 * PostgreSQL refuses to run as root. As another user, it still reaches folders that are root's alone,
 * and reads its key there.
 */
const asPostgres = [
  ...["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"],
  ...["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"],
];

/** PostgreSQL over TLS. A client is the user that its certificate names: `orders`. */
export async function startPostgres({ dataDir, tlsDir, port }: ServerPlace): Promise<RealServer> {
  const postgres = needServer("postgres");
  const { cert, key, ca } = await serverTls(tlsDir, "postgres");
  const as = (await runShell("id -u")).trim() === "0" ? asPostgres : [];
  await runShell(prepare, dataDir, users.join(" "), postgres, ...as);
  const settings = {
    "port": String(port),
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "ssl": "on",
    "ssl_min_protocol_version": "TLSv1.3",
    "ssl_cert_file": cert,
    "ssl_key_file": key,
    "ssl_ca_file": ca,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return await RealServer.start({
    name: "postgres",
    command: [...as, postgres, "-D", dataDir, ...flags],
    readyLine: /database system is ready to accept connections/,
    port,
  });
}

/** As `ORDERS_POSTGRES_URL` takes it. */
export function postgresUrl(port: number, user: typeof users[number]): string {
  return `postgres://${user}@localhost:${port}/${user}`;
}
