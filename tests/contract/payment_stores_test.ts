import { TestKeyRing } from "platform/crypto/testing";
import { equal, throws } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openEmbeddedStores } from "@services/payment/adapters";
import { ciphersOf } from "@services/payment/ciphers";
import { anOpening, aTakenPayment, noon } from "../fixtures/payments.ts";
import { paymentStoresContract } from "./payment_stores_contract.ts";

const ciphers = ciphersOf(new TestKeyRing());

paymentStoresContract(
  "Embedded payment stores",
  () =>
    Promise.resolve(
      openEmbeddedStores(
        { kind: "embedded", path: ":memory:" },
        ciphersOf(new TestKeyRing()),
      ),
    ),
);

Deno.test("Embedded payment stores let nobody change or take back what their ledger says", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = `${dir}/payment.sqlite`;
    await using stores = openEmbeddedStores({ kind: "embedded", path }, ciphers);
    await aTakenPayment(stores.payments, { amountMinor: 900 });
    using db = new DatabaseSync(path);
    throws(() => db.exec("update ledger set amount_minor = 1"), /only added to/);
    throws(() => db.exec("delete from ledger"), /only added to/);
    equal((await stores.payments.balances())[0]?.debitsMinor, 900);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("Embedded payment stores hand out at once, at their next start, what a crash left held", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = `${dir}/payment.sqlite`;
    const open = () => openEmbeddedStores({ kind: "embedded", path }, ciphers);
    // Not closed before the next one opens: as after a crash.
    await using crashed = open();
    const { id } = await crashed.payments.open(anOpening());
    await crashed.work.claim(id, noon, 30_000);
    await using stores = open();
    equal((await stores.work.claim(id, noon, 30_000))?.item.payment.id, id);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
