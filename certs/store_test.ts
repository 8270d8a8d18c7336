import { deepEqual, equal, notEqual, rejects } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { ensureCertificates, revoke } from "./store.ts";

const start = new Date("2030-01-01T00:00:00Z");
const hoursLater = (hours: number) => new Date(start.getTime() + hours * 3_600_000);
const daysLater = (days: number) => hoursLater(days * 24);

async function aStore() {
  const parent = await Deno.makeTempDir();
  const dir = `${parent}/tls`;
  return {
    dir,
    ensure: (programs: readonly string[], now: Date) => ensureCertificates(dir, programs, now),
    read: (path: string) => Deno.readTextFile(`${dir}/${path}`),
    [Symbol.asyncDispose]: () => Deno.remove(parent, { recursive: true }),
  };
}

Deno.test("ensureCertificates() makes a CA and a leaf per program, for this user only", async () => {
  await using store = await aStore();
  deepEqual(await store.ensure(["auth", "orders"], start), {
    authority: "created",
    issued: ["auth", "orders"],
    rotation: undefined,
  });
  const ca = new X509Certificate(await store.read("ca.pem"));
  const leaf = new X509Certificate(await store.read("orders/cert.pem"));
  equal(leaf.checkIssued(ca) && leaf.verify(ca.publicKey), true);
  equal(await store.read("revoked.json"), "[]\n");
  const mode = async (path: string) => ((await Deno.stat(path)).mode ?? 0) & 0o777;
  for (const path of ["", "/orders"]) equal(await mode(store.dir + path), 0o700);
  for (const path of ["ca.json", "ca.pem", "revoked.json", "orders/key.pem", "orders/cert.pem"]) {
    equal(await mode(`${store.dir}/${path}`), 0o600, path);
  }
});

Deno.test("ensureCertificates() keeps what is good and renews a leaf in the last third of its life", async () => {
  await using store = await aStore();
  await store.ensure(["orders"], start);
  const first = await store.read("orders/cert.pem");
  deepEqual((await store.ensure(["orders"], hoursLater(15))).issued, []);
  equal(await store.read("orders/cert.pem"), first);
  deepEqual((await store.ensure(["orders"], hoursLater(17))).issued, ["orders"]);
  notEqual(await store.read("orders/cert.pem"), first);
});

Deno.test("ensureCertificates() replaces a leaf whose key is another's", async () => {
  await using store = await aStore();
  await store.ensure(["auth", "orders"], start);
  await Deno.copyFile(`${store.dir}/auth/key.pem`, `${store.dir}/orders/key.pem`);
  deepEqual((await store.ensure(["auth", "orders"], start)).issued, ["orders"]);
});

Deno.test("ensureCertificates() renews the leaves of others too, and makes none for them", async () => {
  await using store = await aStore();
  await store.ensure(["orders", "consul"], start);
  await Deno.rename(`${store.dir}/consul`, `${store.dir}/consul.old`);
  await store.ensure(["orders", "consul"], start);
  deepEqual((await store.ensure(["orders"], hoursLater(17))).issued, ["orders", "consul"]);
  deepEqual((await store.ensure(["orders", "auth"], hoursLater(18))).issued, ["auth"]);
});

Deno.test("ensureCertificates() does not replace a CA that it cannot read", async () => {
  await using store = await aStore();
  await store.ensure(["orders"], start);
  await Deno.writeTextFile(`${store.dir}/ca.json`, "{}");
  await rejects(() => store.ensure(["orders"], start), /Cannot read the CA/);
});

Deno.test("ensureCertificates() makes a new CA in the place of one that has expired", async () => {
  await using store = await aStore();
  await store.ensure(["orders"], start);
  const first = await store.read("ca.pem");
  const { authority, issued } = await store.ensure(["orders"], daysLater(91));
  deepEqual({ authority, issued }, { authority: "created", issued: ["orders"] });
  equal((await store.read("ca.pem")).includes(first), false);
});

Deno.test("ensureCertificates() waits for its turn when another changes the same folder", async () => {
  await using store = await aStore();
  const runs = [1, 2, 3, 4].map(() => store.ensure(["auth", "orders"], start));
  const changes = await Promise.all(runs);
  equal(changes.filter(({ authority }) => authority === "created").length, 1);
  equal(changes.flatMap(({ issued }) => issued).length, 2);
});

Deno.test("revoke() denies the present leaf and issues another", async () => {
  await using store = await aStore();
  await store.ensure(["orders"], start);
  const before = new X509Certificate(await store.read("orders/cert.pem"));
  const serial = await revoke(store.dir, "orders", start);
  equal(serial, before.serialNumber.toLowerCase());
  deepEqual(JSON.parse(await store.read("revoked.json")), [serial]);
  const after = new X509Certificate(await store.read("orders/cert.pem"));
  notEqual(after.serialNumber, before.serialNumber);
  deepEqual((await store.ensure(["orders"], start)).issued, []);
});

Deno.test("revoke() throws for a program that has no leaf", async () => {
  await using store = await aStore();
  await rejects(() => revoke(store.dir, "orders", start), /Cannot revoke certificate/);
});
