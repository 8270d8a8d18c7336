import { equal, throws } from "node:assert/strict";
import { TestKeyRing } from "platform/crypto/testing";
import { FieldCipherError } from "./aes_gcm.ts";
import { formerFieldOf } from "./former_field.ts";

const column = { service: "orders", table: "sagas", field: "sealedMethod" };

/** As fields were sealed before records had data keys. */
function formerly(ring: TestKeyRing, text: string, record: string): string {
  const { service, table, field } = column;
  const { keyId, sealed } = ring.seal(
    new TextEncoder().encode(text),
    (keyId) => JSON.stringify([service, table, record, field, keyId]),
  );
  return `${keyId}.${sealed.toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

Deno.test("formerFieldOf opens what was sealed in the former way, for its record alone", () => {
  const ring = new TestKeyRing();
  const open = formerFieldOf(ring, column);
  const sealed = formerly(ring, "pm_card_visa", "o1");
  equal(open("o1", sealed), "pm_card_visa");
  throws(() => open("o2", sealed), FieldCipherError);
  throws(() => formerFieldOf(ring, { ...column, table: "orders" })("o1", sealed), FieldCipherError);
});

Deno.test("formerFieldOf refuses what was never sealed", () => {
  const open = formerFieldOf(new TestKeyRing(), column);
  for (const text of ["", ".", "k1", "k1.", "k1.AAAA", "k1.!!!!", "k9.AAAA", "pm_card_visa"]) {
    throws(() => open("o1", text), FieldCipherError);
  }
});
