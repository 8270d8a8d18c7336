import { deepEqual, equal, match, notEqual, rejects } from "node:assert/strict";
import { FieldCipher, FieldCipherError, type FieldPlace } from "./field_cipher.ts";
import { type KeyRing, parseKeyRing } from "./key_ring.ts";

const place: FieldPlace = {
  service: "payment",
  table: "payments",
  record: "p1",
  field: "sealedMethod",
};

/** A ring of keys that differ by their first byte. */
async function aRing(current: string, ...others: string[]): Promise<KeyRing> {
  const keys = Object.fromEntries([current, ...others].map((id) => {
    const bytes = new Uint8Array(32);
    bytes.set(new TextEncoder().encode(id));
    return [id, bytes.toBase64()];
  }));
  return await parseKeyRing("ENCRYPTION_KEYS_FILE", JSON.stringify({ current, keys }));
}

Deno.test("FieldCipher opens at its place what it sealed there", async () => {
  const cipher = new FieldCipher(await aRing("k1"));
  for (const text of ["pm_card_visa", "", "żółć 🔑"]) {
    equal(await cipher.open(await cipher.seal(text, place), place), text);
  }
});

Deno.test("FieldCipher opens at no other record, field, table or service", async () => {
  const cipher = new FieldCipher(await aRing("k1"));
  const sealed = await cipher.seal("pm_card_visa", place);
  for (const part of ["service", "table", "record", "field"] as const) {
    await rejects(cipher.open(sealed, { ...place, [part]: "other" }), FieldCipherError);
  }
});

Deno.test("FieldCipher does not take two places for one whose names run together", async () => {
  const cipher = new FieldCipher(await aRing("k1"));
  const sealed = await cipher.seal("pm_card_visa", { ...place, table: "ab", record: "c" });
  await rejects(cipher.open(sealed, { ...place, table: "a", record: "bc" }), FieldCipherError);
});

Deno.test("FieldCipher opens nothing of which a single character was changed", async () => {
  const cipher = new FieldCipher(await aRing("k1"));
  const sealed = await cipher.seal("pm_card_visa", place);
  const changed = Array.from(sealed, (character, at) => {
    if (character === ".") return undefined;
    return sealed.slice(0, at) + (character === "A" ? "B" : "A") + sealed.slice(at + 1);
  });
  // The last character may carry unused bits only: what they say is not part of the ciphertext.
  for (const text of changed.slice(0, -1)) {
    if (text !== undefined) await rejects(cipher.open(text, place), FieldCipherError);
  }
});

Deno.test("FieldCipher refuses what it never sealed with its own error", async () => {
  const cipher = new FieldCipher(await aRing("k1"));
  for (const text of ["", ".", "k1", "k1.", "k1.AAAA", "k1.!!!!", "k9.AAAA"]) {
    await rejects(cipher.open(text, place), FieldCipherError);
  }
});

Deno.test("FieldCipher seals the same text differently each time", async () => {
  const cipher = new FieldCipher(await aRing("k1"));
  notEqual(await cipher.seal("pm_card_visa", place), await cipher.seal("pm_card_visa", place));
});

Deno.test("FieldCipher lays a field out as key id, nonce, ciphertext and tag", async () => {
  const sealed = await new FieldCipher(await aRing("k1")).seal("pm_card_visa", place);
  match(sealed, /^k1\.[A-Za-z0-9_-]+$/);
  const bytes = Uint8Array.fromBase64(sealed.slice("k1.".length), { alphabet: "base64url" });
  equal(bytes.byteLength, 12 + "pm_card_visa".length + 16);
});

Deno.test("FieldCipher seals with the current key and opens with any that is kept", async () => {
  const sealed = await new FieldCipher(await aRing("k1")).seal("pm_card_visa", place);
  const rotated = new FieldCipher(await aRing("k2", "k1"));
  equal(await rotated.open(sealed, place), "pm_card_visa");
  match(await rotated.seal("pm_card_visa", place), /^k2\./);
});

Deno.test("FieldCipher opens nothing when the key is gone", async () => {
  const sealed = await new FieldCipher(await aRing("k1")).seal("pm_card_visa", place);
  const without = new FieldCipher(await aRing("k2"));
  await rejects(without.open(sealed, place), FieldCipherError);
});

Deno.test("FieldCipher takes a key for no other key of the ring", async () => {
  const cipher = new FieldCipher(await aRing("k1", "k2"));
  const sealed = await cipher.seal("pm_card_visa", place);
  const renamed = sealed.replace(/^k1\./, "k2.");
  deepEqual(renamed === sealed, false);
  await rejects(cipher.open(renamed, place), FieldCipherError);
});
