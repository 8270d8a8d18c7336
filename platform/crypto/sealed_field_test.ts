import { equal, rejects } from "node:assert/strict";
import { FieldCipherError } from "./field_cipher.ts";
import { parseKeyRing } from "./key_ring.ts";
import { SealedField } from "./sealed_field.ts";

const key = crypto.getRandomValues(new Uint8Array(32)).toBase64();
const ring = await parseKeyRing("KEYS", JSON.stringify({ current: "k1", keys: { k1: key } }));
const column = { service: "orders", table: "sagas", field: "sealedMethod" };

Deno.test("SealedField opens what it sealed, for the record it was sealed for", async () => {
  const field = new SealedField(ring, column);
  const sealed = await field.seal("pm_card_visa", "order-1");
  equal(await field.open(sealed, "order-1"), "pm_card_visa");
  await rejects(field.open(sealed, "order-2"), FieldCipherError);
});

Deno.test("SealedField opens nothing of another service, table or field", async () => {
  const sealed = await new SealedField(ring, column).seal("pm_card_visa", "order-1");
  for (const other of [{ service: "payment" }, { table: "orders" }, { field: "note" }]) {
    const field = new SealedField(ring, { ...column, ...other });
    await rejects(field.open(sealed, "order-1"), FieldCipherError);
  }
});
