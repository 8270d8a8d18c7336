import "reflect-metadata";
import { deepEqual, equal, rejects } from "node:assert/strict";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from "@peculiar/x509";
import { createAuthority, loadAuthority } from "./authority.ts";
import { issueLeaf } from "./leaf.ts";

const now = new Date("2030-01-01T00:00:00Z");

Deno.test("issueLeaf() names the program as SPIFFE ID and host, for both ends of a connection", async () => {
  const { authority } = await createAuthority({ now });
  const { cert, serial } = await issueLeaf(authority, { program: "orders", now });
  const leaf = new X509Certificate(cert);
  const names = leaf.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  deepEqual(names.map(({ type, value }) => `${type} ${value}`), [
    "url spiffe://sallyport/orders",
    "dns localhost",
    "dns orders",
    "dns orders-service",
    "ip 127.0.0.1",
  ]);
  deepEqual(leaf.getExtension(ExtendedKeyUsageExtension)?.usages, [
    ExtendedKeyUsage.serverAuth,
    ExtendedKeyUsage.clientAuth,
  ]);
  equal(leaf.getExtension(KeyUsagesExtension)?.usages, KeyUsageFlags.digitalSignature);
  equal(leaf.getExtension(BasicConstraintsExtension)?.ca, false);
  equal(leaf.notAfter.getTime() - now.getTime(), 24 * 3_600_000);
  equal(serial.length, 32);
  equal(leaf.serialNumber, serial);
});

Deno.test("issueLeaf() signs with a CA that was written down, and never twice alike", async () => {
  const { pem } = await createAuthority({ now });
  const authority = await loadAuthority(pem);
  const one = await issueLeaf(authority, { program: "auth", now });
  const other = await issueLeaf(authority, { program: "auth", now });
  const isValid = (cert: string) =>
    new X509Certificate(cert).verify({ publicKey: authority.certificate, date: now });
  equal(await isValid(one.cert) && await isValid(other.cert), true);
  equal(one.serial === other.serial || one.key === other.key, false);
});

Deno.test("issueLeaf() refuses what is not a program's name", async () => {
  const { authority } = await createAuthority({ now });
  for (const program of ["", "a/b", "Orders", "x, URI:spiffe://sallyport/gateway"]) {
    await rejects(() => issueLeaf(authority, { program, now }), RangeError);
  }
});
