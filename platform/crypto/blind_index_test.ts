import { equal, match, notEqual, throws } from "node:assert/strict";
import { createSecretKey, randomBytes } from "node:crypto";
import { silentLogger } from "platform/telemetry";
import { TestKeyRing } from "platform/crypto/testing";
import { blindIndexOf } from "./blind_index.ts";
import { KeyRing } from "./key_ring.ts";
import { KeyUses } from "./key_uses.ts";

const column = { service: "auth", table: "users", field: "email" };

Deno.test("BlindIndex is equal for equal values and for no others", () => {
  const emails = blindIndexOf(new TestKeyRing(), column);
  equal(emails.of("ada@example.com"), emails.of("ada@example.com"));
  notEqual(emails.of("ada@example.com"), emails.of("bob@example.com"));
  match(emails.of("ada@example.com"), /^[\w-]{43}$/);
});

Deno.test("BlindIndex depends on its key, and on service, table and field", () => {
  const ring = new TestKeyRing();
  const own = blindIndexOf(ring, column).of("ada@example.com");
  notEqual(own, blindIndexOf(new TestKeyRing(), column).of("ada@example.com"));
  for (const part of ["service", "table", "field"] as const) {
    notEqual(own, blindIndexOf(ring, { ...column, [part]: "other" }).of("ada@example.com"));
  }
});

Deno.test("BlindIndex stays the same when the keys that seal are rotated", () => {
  const ring = new TestKeyRing();
  const emails = blindIndexOf(ring, column);
  const before = emails.of("ada@example.com");
  ring.hold("k2", "k1");
  equal(emails.of("ada@example.com"), before);
});

Deno.test("BlindIndex refuses to index without a key of its own", () => {
  const keys = new Map([["k1", createSecretKey(randomBytes(32))]]);
  const contents = { currentKeyId: "k1", keys, blindIndexKey: undefined };
  const ring = new KeyRing(contents, new KeyUses({ log: silentLogger }));
  throws(() => blindIndexOf(ring, column).of("ada@example.com"), /has no key for it/);
});
