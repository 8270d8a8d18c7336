/** `deno task migrate`: brings the database of orders to the schema that the program knows. */
import { migrations } from "@services/orders/migrations";
import { ConfigError, parseEnv, readAll, readStoreCa, tlsVariables } from "platform/config";
import { migrate, Postgres, PostgresUrl, SchemaError } from "platform/postgres";
import { StoreUnavailableError } from "platform/store";
import { createLogger } from "platform/telemetry";
import { openTlsIdentity } from "platform/tls";

const log = createLogger({ service: "migrate" });

async function run(get: (name: string) => string | undefined): Promise<void> {
  const { given, ca } = readAll({
    given: () => parseEnv({ ...tlsVariables, ORDERS_POSTGRES_URL: PostgresUrl }, get),
    ca: () => readStoreCa("ORDERS_POSTGRES_CA_FILE", get),
  });
  const files = {
    certFile: given.TLS_CERT_FILE,
    keyFile: given.TLS_KEY_FILE,
    caFile: given.TLS_CA_FILE,
    revokedFile: given.TLS_REVOKED_FILE,
  };
  await using identity = await openTlsIdentity(files, { log });
  await using db = new Postgres({ config: { ...given.ORDERS_POSTGRES_URL, ca }, identity });
  const applied = await migrate(db, migrations);
  log.info("Schema is up to date", { "migration.applied": applied });
}

try {
  await run((name) => Deno.env.get(name));
} catch (thrown) {
  if (thrown instanceof ConfigError || thrown instanceof SchemaError) log.error(thrown.message);
  else if (thrown instanceof StoreUnavailableError) log.failure("Cannot migrate", thrown);
  else throw thrown;
  Deno.exit(1);
}
