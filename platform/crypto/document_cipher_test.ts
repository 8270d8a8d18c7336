import { deepEqual, equal, notDeepEqual, notEqual, throws } from "node:assert/strict";
import { createSecretKey, randomBytes } from "node:crypto";
import { z } from "zod";
import { TestKeyRing } from "platform/crypto/testing";
import { silentLogger } from "platform/telemetry";
import { FieldCipherError } from "./aes_gcm.ts";
import { type DocumentCipher, openDocumentCipher, type SealedDocument } from "./document_cipher.ts";
import { KeyRing } from "./key_ring.ts";
import { KeyExhaustedError, KeyUses } from "./key_uses.ts";

const Person = z.object({
  id: z.string(),
  name: z.string().meta({ sensitive: true }),
  notes: z.array(z.string()).nullable().meta({ sensitive: true }),
  nickname: z.string().optional().meta({ sensitive: true }),
});
type Person = z.output<typeof Person>;

const ada: Person = { id: "p1", name: "Ada Lovelace", notes: ["żółć 🔑", ""] };
const place = { service: "auth", table: "people" };

function cipherOf(ring: TestKeyRing, other: Partial<typeof place> = {}): DocumentCipher<Person> {
  return openDocumentCipher({ ring, ...place, ...other, schema: Person });
}

function bytesOf(sealed: SealedDocument, field: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(String(sealed.document[field]), { alphabet: "base64url" });
}

Deno.test("DocumentCipher opens what it sealed, and leaves unmarked fields readable", () => {
  const cipher = cipherOf(new TestKeyRing());
  for (const person of [ada, { ...ada, notes: null }, { ...ada, nickname: "" }]) {
    const sealed = cipher.seal("p1", person);
    deepEqual(cipher.open("p1", JSON.parse(JSON.stringify(sealed))), person);
    equal(sealed.document["id"], "p1");
    equal(JSON.stringify(sealed).includes("Lovelace"), false);
  }
});

Deno.test("DocumentCipher leaves a field without a value without one", () => {
  const { document } = cipherOf(new TestKeyRing()).seal("p1", { ...ada, notes: null });
  equal(document["notes"], null);
  equal("nickname" in document, false);
});

Deno.test("DocumentCipher opens at no other record, table or service", () => {
  const ring = new TestKeyRing();
  const sealed = cipherOf(ring).seal("p1", ada);
  throws(() => cipherOf(ring).open("p2", sealed), FieldCipherError);
  throws(() => cipherOf(ring, { table: "staff" }).open("p1", sealed), FieldCipherError);
  throws(() => cipherOf(ring, { service: "orders" }).open("p1", sealed), FieldCipherError);
});

Deno.test("DocumentCipher does not take two places for one whose names run together", () => {
  const ring = new TestKeyRing();
  const sealed = cipherOf(ring, { table: "ab" }).seal("c", ada);
  throws(() => cipherOf(ring, { table: "a" }).open("bc", sealed), FieldCipherError);
});

Deno.test("DocumentCipher opens no field in the place of another", () => {
  const cipher = cipherOf(new TestKeyRing());
  const { keyId, document } = cipher.seal("p1", ada);
  const swapped = { ...document, name: document["notes"], notes: document["name"] };
  throws(() => cipher.open("p1", { keyId, document: swapped }), FieldCipherError);
});

Deno.test("DocumentCipher opens no field of another write of the same record", () => {
  const cipher = cipherOf(new TestKeyRing());
  const before = cipher.seal("p1", { ...ada, name: "Ada Byron" });
  const { keyId, document } = cipher.seal("p1", ada);
  const mixed = { ...document, name: before.document["name"] };
  throws(() => cipher.open("p1", { keyId, document: mixed }), FieldCipherError);
});

Deno.test("DocumentCipher opens nothing of which a single byte was changed", () => {
  const cipher = cipherOf(new TestKeyRing());
  const sealed = cipher.seal("p1", { ...ada, notes: null });
  const bytes = bytesOf(sealed, "name");
  for (let at = 0; at < bytes.byteLength; at++) {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    const document = { ...sealed.document, name: changed.toBase64({ alphabet: "base64url" }) };
    throws(() => cipher.open("p1", { ...sealed, document }), FieldCipherError);
  }
});

Deno.test("DocumentCipher refuses what it never sealed, plaintext above all", () => {
  const cipher = cipherOf(new TestKeyRing());
  const sealed = cipher.seal("p1", { ...ada, notes: null });
  const cut = bytesOf(sealed, "name").subarray(0, 70).toBase64({ alphabet: "base64url" });
  for (const name of ["Ada Lovelace", "", "AQ", "!!!!", cut, 7, { k: 1 }, ["x"]]) {
    const document = { ...sealed.document, name };
    throws(() => cipher.open("p1", { ...sealed, document }), FieldCipherError);
  }
});

Deno.test("DocumentCipher gives each write of a record a data key and nonces of its own", () => {
  const cipher = cipherOf(new TestKeyRing());
  const [one, other] = [cipher.seal("p1", ada), cipher.seal("p1", ada)];
  notDeepEqual(bytesOf(one, "name").subarray(1, 61), bytesOf(other, "name").subarray(1, 61));
  notEqual(one.document["name"], other.document["name"]);
});

Deno.test("DocumentCipher lays a field out as format, wrapped data key, nonce, ciphertext and tag", () => {
  const sealed = cipherOf(new TestKeyRing()).seal("p1", ada);
  const bytes = bytesOf(sealed, "name");
  equal(bytes[0], 1);
  equal(bytes.byteLength, 1 + (12 + 32 + 16) + 12 + JSON.stringify(ada.name).length + 16);
  deepEqual(bytes.subarray(1, 61), bytesOf(sealed, "notes").subarray(1, 61));
});

Deno.test("DocumentCipher seals with the current key, and opens with any that is kept", () => {
  const ring = new TestKeyRing();
  const cipher = cipherOf(ring);
  const sealed = cipher.seal("p1", ada);
  ring.hold("k2", "k1");
  deepEqual([sealed.keyId, cipher.currentKeyId, cipher.seal("p1", ada).keyId], ["k1", "k2", "k2"]);
  deepEqual(cipher.open("p1", sealed), ada);
  ring.hold("k2");
  throws(() => cipher.open("p1", sealed), FieldCipherError);
});

Deno.test("DocumentCipher takes a key for no other key of the ring", () => {
  const ring = new TestKeyRing();
  ring.hold("k1", "k2");
  const cipher = cipherOf(ring);
  const sealed = cipher.seal("p1", ada);
  for (const keyId of ["k2", "k9", ""]) {
    throws(() => cipher.open("p1", { ...sealed, keyId }), FieldCipherError);
  }
});

Deno.test("DocumentCipher authenticates the id of the key, not only the key", () => {
  const key = createSecretKey(randomBytes(32));
  const contents = { currentKeyId: "k1", keys: new Map([["k1", key], ["k2", key]]) };
  const uses = new KeyUses({ log: silentLogger });
  const ring = new KeyRing({ ...contents, blindIndexKey: undefined }, uses);
  const cipher = openDocumentCipher({ ring, ...place, schema: Person });
  const sealed = cipher.seal("p1", ada);
  deepEqual(cipher.open("p1", sealed), ada);
  throws(() => cipher.open("p1", { ...sealed, keyId: "k2" }), FieldCipherError);
});

Deno.test("DocumentCipher counts one use of the ring's key for each write, and refuses one too many", () => {
  const ring = new TestKeyRing({ usesMax: 2 });
  const cipher = cipherOf(ring);
  cipher.seal("p1", ada);
  const last = cipher.seal("p2", ada);
  throws(() => cipher.seal("p3", ada), KeyExhaustedError);
  deepEqual(cipher.open("p2", last), ada);
  ring.hold("k2", "k1");
  equal(cipher.seal("p3", ada).keyId, "k2");
});

Deno.test("DocumentCipher takes no schema whose marks would do nothing", () => {
  const ring = new TestKeyRing();
  const unmarked = z.object({ name: z.string() });
  throws(() => openDocumentCipher({ ring, ...place, schema: unmarked }), /no field is marked/);
  const nested = z.object({
    name: Person.shape.name,
    home: z.object({ owner: Person.shape.name }),
  });
  throws(() => openDocumentCipher({ ring, ...place, schema: nested }), /of the document itself/);
  const listed = z.object({ name: Person.shape.name, friends: z.array(Person.shape.name) });
  throws(() => openDocumentCipher({ ring, ...place, schema: listed }), /of the document itself/);
});
