import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { X509Certificate } from "node:crypto";
import { ensureCertificates, renew } from "certs/store";
import { Postgres, type PostgresConfig, type PostgresIdentity } from "platform/postgres";
import { StoreUnavailableError } from "platform/store";
import { silentLogger } from "platform/telemetry";
import { openTlsIdentity } from "platform/tls";
import { eventually } from "../fixtures/eventually.ts";
import { identityOf, openPostgresScene } from "../fixtures/postgres.ts";

const postgres = await openPostgresScene();
Deno.test.afterAll(async () => await postgres?.[Symbol.asyncDispose]());
const ignore = !postgres;

Deno.test({
  name: "PostgreSQL is spoken to over TLS 1.3, with our certificate",
  ignore,
  async fn() {
    await using db = postgres!.open(await postgres!.database("empty"));
    const [row] = await db.run((sql) =>
      sql`select version, client_dn from pg_stat_ssl where pid = pg_backend_pid()`
    );
    deepEqual({ ...row }, { version: "TLSv1.3", client_dn: "/CN=orders" });
  },
});

Deno.test({
  name: "A connection that is opened after our certificate was renewed shows the new one",
  ignore,
  async fn() {
    const { tlsDir } = postgres!.scene;
    const files = {
      certFile: `${tlsDir}/orders/cert.pem`,
      keyFile: `${tlsDir}/orders/key.pem`,
      caFile: `${tlsDir}/ca.pem`,
    };
    await using identity = await openTlsIdentity(files, { log: silentLogger, pollMs: 10 });
    const config = await postgres!.database("empty");
    await using db = new Postgres({ config, identity });
    const serialNow = () => new X509Certificate(identity.material.cert).serialNumber;
    const before = serialNow();
    await db.run(async (sql) => {
      equal(await shownSerial(sql), before);
      await renew(tlsDir, ["orders"], new Date());
      await eventually("the new certificate is taken up", () => serialNow() !== before);
      // The first connection is in use: this is another.
      equal(await db.run(shownSerial), serialNow());
    });
  },
});

Deno.test({
  name:
    "A server is refused that our CA does not vouch for, or that is revoked, or has another name",
  ignore,
  async fn() {
    const config = await postgres!.database("empty");
    const foreignDir = await Deno.makeTempDir();
    try {
      await ensureCertificates(foreignDir, ["orders"], new Date());
      const foreignCa = await Deno.readTextFile(`${foreignDir}/ca.pem`);
      const { identity } = postgres!;
      const cases: [config: PostgresConfig, identity: PostgresIdentity, why: RegExp][] = [
        [{ ...config, ca: foreignCa }, identity, /certificate|issuer/i],
        [{ ...config, ca: "system" }, identity, /certificate|issuer/i],
        [config, { ...identity, isRevoked: () => true }, /revoked/],
        [{ ...config, host: "127.0.0.2" }, identity, /./],
      ];
      for (const [config, identity, why] of cases) await refused(config, identity, why);
    } finally {
      await Deno.remove(foreignDir, { recursive: true });
    }
  },
});

Deno.test({
  name: "A server that refuses our certificate is a store that is away, and ends nothing else",
  ignore,
  async fn() {
    const config = await postgres!.database("empty");
    const foreignDir = await Deno.makeTempDir();
    try {
      await ensureCertificates(foreignDir, ["orders", "payment"], new Date());
      await ensureCertificates(postgres!.scene.tlsDir, ["payment"], new Date());
      const { identity: { material } } = postgres!;
      const ofAnother = await identityOf(postgres!.scene, "payment");
      const ofForeigner = await identityOf({ ...postgres!.scene, tlsDir: foreignDir }, "orders");
      const foreign = { ...ofForeigner, material: { ...ofForeigner.material, ca: material.ca } };
      for (let count = 0; count < 5; count++) {
        await refused(config, ofAnother, /certificate authentication failed/);
        await refused(config, foreign, /./);
      }
    } finally {
      await Deno.remove(foreignDir, { recursive: true });
    }
  },
});

Deno.test({
  name: "A server that is revoked while it is connected to hears no more of us",
  ignore,
  async fn() {
    let isRevoked = false;
    const listeners: (() => void)[] = [];
    const identity: PostgresIdentity = {
      ...postgres!.identity,
      isRevoked: () => isRevoked,
      onRevoked(listener) {
        listeners.push(listener);
        return new DisposableStack();
      },
    };
    const config = await postgres!.database("empty");
    await using db = new Postgres({ config, identity });
    await db.check();
    isRevoked = true;
    for (const listener of listeners) listener();
    await rejects(db.check(), StoreUnavailableError);
  },
});

const answers: readonly [name: string, answer: string][] = [
  ["does not offer TLS", "N"],
  ["says more than that it does, in plain text", "SZ\0\0\0\u0005I"],
  ["speaks of something else", "HTTP/1.1 400 Bad Request\r\n\r\n"],
  ["hangs up", ""],
];
for (const [name, answer] of answers) {
  Deno.test(`A server that ${name} hears nothing of us but the wish for TLS`, async () => {
    const heard: Uint8Array[] = [];
    const { server, port } = await listen(heard, answer);
    try {
      const config = { host: "127.0.0.1", port, user: "orders", database: "orders" };
      const material = { cert: "", key: "", ca: "" };
      const noneRevoked = { isRevoked: () => false, onRevoked: () => new DisposableStack() };
      await refused(config, { material, ...noneRevoked }, /Cannot begin TLS/);
      deepEqual(heard.map((bytes) => [...bytes]), [[0, 0, 0, 8, 4, 210, 22, 47]]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
}

async function shownSerial(sql: Parameters<Parameters<Postgres["run"]>[0]>[0]): Promise<string> {
  const [row] = await sql`
    select client_serial::text as serial from pg_stat_ssl where pid = pg_backend_pid()`;
  const hex = BigInt(String(row?.["serial"])).toString(16).toUpperCase();
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}

async function refused(
  config: PostgresConfig,
  identity: PostgresIdentity,
  why: RegExp,
): Promise<void> {
  await using db = new Postgres({ config, identity });
  await rejects(db.check(), (thrown) => {
    if (!(thrown instanceof StoreUnavailableError)) throw thrown;
    const causes: string[] = [];
    for (let at: unknown = thrown; at instanceof Error; at = at.cause) causes.push(at.message);
    match(causes.join(": "), why);
    return true;
  });
}

async function listen(
  heard: Uint8Array[],
  answer: string,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      heard.push(bytes);
      if (answer === "") socket.end();
      else socket.write(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No TCP address");
  return { server, port: address.port };
}
