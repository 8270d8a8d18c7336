import { equal, throws } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openStores } from "@services/payment/adapters";
import { anOpening, aTakenPayment, noon } from "../fixtures/payments.ts";
import { paymentStoresContract } from "./payment_stores_contract.ts";

paymentStoresContract(
  "Embedded payment stores",
  () => Promise.resolve(openStores({ kind: "embedded", path: ":memory:", eventsPath: ":memory:" })),
);

Deno.test("Embedded payment stores let nobody change or take back what their ledger says", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = `${dir}/payment.sqlite`;
    await using stores = openStores({ kind: "embedded", path, eventsPath: ":memory:" });
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
    const open = () => openStores({ kind: "embedded", path, eventsPath: ":memory:" });
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
