import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { ensureCertificates } from "certs/store";
import { ConfigError } from "platform/config";
import { loadConfig } from "./config.ts";

type Variables = Readonly<Record<string, string | undefined>>;

const url = "postgres://orders@db.example/orders";
const password = "hunter2";

/** Calls `check` with the files of a whole configuration, and a reader of it with `given` besides. */
async function withFiles(
  check: (load: (given: Variables) => ReturnType<typeof loadConfig>, dir: string) => void,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await ensureCertificates(`${dir}/tls`, ["orders"], new Date());
    const key = new Uint8Array(32).toBase64();
    await Deno.writeTextFile(`${dir}/keys`, JSON.stringify({ current: "k1", keys: { k1: key } }));
    await Deno.writeTextFile(`${dir}/secret`, "a-secret");
    const whole: Variables = {
      SALLYPORT_ENV: "production",
      SALLYPORT_DATA_DIR: dir,
      REDIS_URL: "rediss://redis.example",
      ENCRYPTION_KEYS_FILE: `${dir}/keys`,
      OIDC_CLIENT_SECRET_FILE: `${dir}/secret`,
      TLS_CERT_FILE: `${dir}/tls/orders/cert.pem`,
      TLS_KEY_FILE: `${dir}/tls/orders/key.pem`,
      TLS_CA_FILE: `${dir}/tls/ca.pem`,
    };
    check((given) => loadConfig((name) => ({ ...whole, ...given })[name]), dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("orders keep to PostgreSQL where its URL is given, in production too", async () => {
  await withFiles((load, dir) => {
    const { stores } = load({ ORDERS_POSTGRES_URL: `postgres://orders:p%40ss@[::1]:5433/shop` });
    ok(stores.kind === "postgres");
    const { password, ...postgres } = stores.postgres;
    deepEqual(postgres, {
      host: "::1",
      port: 5433,
      user: "orders",
      database: "shop",
      ca: undefined,
    });
    equal(password?.reveal(), "p@ss");
    ok(!Deno.inspect(stores).includes("p@ss") && !JSON.stringify(stores).includes("p@ss"));

    const ofFile = load({
      ORDERS_POSTGRES_URL: url,
      ORDERS_POSTGRES_CA_FILE: `${dir}/tls/ca.pem`,
    }).stores;
    match(ofFile.kind === "postgres" ? ofFile.postgres.ca ?? "" : "", /BEGIN CERTIFICATE/);
    const system = load({ ORDERS_POSTGRES_URL: url, ORDERS_POSTGRES_CA_FILE: "system" }).stores;
    equal(system.kind === "postgres" && system.postgres.ca, "system");
  });
});

Deno.test("orders are embedded where no URL is given, and in development only", async () => {
  await withFiles((load) => {
    equal(load({ SALLYPORT_ENV: "development" }).stores.kind, "embedded");
    throws(() => load({}), /ORDERS_POSTGRES_URL: The embedded store is for development only/);
    // Its events, too, are in a file in development only.
    throws(() => load({ ORDERS_POSTGRES_URL: url, REDIS_URL: undefined }), /REDIS_URL: Needed/);
  });
});

const wrongUrls = [
  `mysql://orders:${password}@db.example/orders`,
  `postgres://db.example/orders`,
  `postgres://orders:${password}@db.example`,
  `postgres://orders:${password}@db.example/orders/more`,
  `postgres://orders:${password}@db.example/orders?sslmode=disable`,
  `postgres://orders:${password}@db.example/orders#x`,
  `postgres://orders:${password}%@db.example/orders`,
  `postgres://orders:${password}@db.example:99999/orders`,
  `postgres:///orders`,
  password,
];

Deno.test("a wrong URL, and a CA that is none, are named and not repeated", async () => {
  await withFiles((load, dir) => {
    for (const wrong of wrongUrls) {
      for (const ca of [`${dir}/secret`, `${dir}/nowhere`]) {
        throws(
          () => load({ ORDERS_POSTGRES_URL: wrong, ORDERS_POSTGRES_CA_FILE: ca }),
          (thrown) => {
            ok(thrown instanceof ConfigError);
            const named = thrown.faults.map((fault) => fault.split(":")[0]).toSorted();
            deepEqual(named, ["ORDERS_POSTGRES_CA_FILE", "ORDERS_POSTGRES_URL"], wrong);
            return !thrown.message.includes(password) && !thrown.message.includes(dir);
          },
        );
      }
    }
  });
});
