import { deepEqual, ok } from "node:assert/strict";
import { openEmbeddedStores as openAuthStores } from "@services/auth/adapters";
import { ArtifactDocument, ciphersOf as authCiphersOf, MailDocument } from "@services/auth/ciphers";
import { Account, signedUp, UserId } from "@services/auth/domain";
import { openEmbeddedStores as openOrderStores } from "@services/orders/adapters";
import { ciphersOf as orderCiphersOf } from "@services/orders/ciphers";
import { newSaga, placed, Saga } from "@services/orders/domain";
import { openEmbeddedStores as openPaymentStores } from "@services/payment/adapters";
import { ciphersOf as paymentCiphersOf } from "@services/payment/ciphers";
import { NewPayment, opened, PaymentId, Work } from "@services/payment/domain";
import { type Resealable, sensitiveFieldsOf } from "platform/crypto";
import { TestKeyRing } from "platform/crypto/testing";
import { enrolled, totpSecret } from "../fixtures/factors.ts";
import { anOrder, noon } from "../fixtures/orders.ts";

/** What a test has written, and what the files may and may not show of it. */
interface Planted {
  /** Values of each field that is marked sensitive, by field. */
  readonly hidden: Readonly<Record<string, string>>;
  /** A value beside them that is not sensitive: it shows that the search finds what is there. */
  readonly plain: string;
  readonly stores: AsyncDisposable & { readonly sealed: readonly Resealable[] };
}

function testFiles(
  store: string,
  { fields, plant }: {
    readonly fields: readonly string[];
    plant(path: string, ring: TestKeyRing): Promise<Planted>;
  },
): void {
  Deno.test(`No file of ${store} shows a field that is marked sensitive`, async () => {
    const dir = await Deno.makeTempDir();
    const ring = new TestKeyRing();
    try {
      const { hidden, plain, stores } = await plant(`${dir}/store.sqlite`, ring);
      deepEqual(Object.keys(hidden).toSorted(), fields.toSorted(), "each field is looked for");
      {
        await using open = stores;
        ok((await filesOf(dir)).has("store.sqlite-wal"), "the log is looked at, too");
        await showsOnly(dir, plain, hidden);
        ring.hold("k2", "k1");
        for (const sealed of open.sealed) await sealed.reseal(10);
        await showsOnly(dir, plain, hidden);
      }
      await showsOnly(dir, plain, hidden);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

testFiles("auth's people", {
  fields: sensitiveFieldsOf(Account),
  async plant(path, ring) {
    const stores = openAuthStores({ kind: "embedded", path }, authCiphersOf(ring));
    const hidden = {
      email: "planted.address@example.com",
      name: "Planted Name",
      passwordHash: "$argon2id$planted-hash",
      factors: totpSecret,
    };
    const { factors: _secret, ...person } = hidden;
    const stamp = { id: UserId.parse(crypto.randomUUID()), at: noon };
    await stores.users.insert(signedUp({ ...person, roles: ["customer"] }, stamp));
    await stores.users.update(stamp.id, "any", enrolled);
    return { hidden, plain: stamp.id, stores };
  },
});

testFiles("auth's artifacts", {
  fields: sensitiveFieldsOf(ArtifactDocument),
  async plant(path, ring) {
    const stores = openAuthStores({ kind: "embedded", path }, authCiphersOf(ring));
    const key = "planted-key";
    const payload = { scope: "planted-scope" };
    await stores.grants.put({ key, payload, expiresAt: noon });
    return { hidden: { payload: "planted-scope" }, plain: key, stores };
  },
});

testFiles("auth's mail", {
  fields: sensitiveFieldsOf(MailDocument),
  async plant(path, ring) {
    const stores = openAuthStores({ kind: "embedded", path }, authCiphersOf(ring));
    const id = "planted-mail";
    const email = "planted.address@example.com";
    await stores.mails.add({ id, mail: { kind: "reset", email }, queuedAt: noon, dueAt: noon });
    return { hidden: { mail: email }, plain: id, stores };
  },
});

testFiles("orders' sagas", {
  fields: sensitiveFieldsOf(Saga),
  async plant(path, ring) {
    const stores = openOrderStores({ kind: "embedded", path }, orderCiphersOf(ring));
    const order = anOrder();
    const saga = newSaga(order.id, "pm_planted_method", noon);
    await stores.orders.place(order.id, [], () => placed({ order, saga }));
    return { hidden: { paymentMethod: "pm_planted_method" }, plain: order.id, stores };
  },
});

testFiles("payment's work", {
  fields: sensitiveFieldsOf(Work),
  async plant(path, ring) {
    const stores = openPaymentStores({ kind: "embedded", path }, paymentCiphersOf(ring));
    const asked = NewPayment.parse({
      orderId: crypto.randomUUID(),
      amountMinor: 900,
      currency: "EUR",
      paymentMethod: "pm_planted_method",
    });
    const id = PaymentId.parse(crypto.randomUUID());
    await stores.payments.open(opened(asked, { id, customerId: "ada", at: noon }));
    return { hidden: { paymentMethod: "pm_planted_method" }, plain: id, stores };
  },
});

async function filesOf(dir: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for await (const { name } of Deno.readDir(dir)) {
    files.set(name, await Deno.readFile(`${dir}/${name}`));
  }
  return files;
}

async function showsOnly(
  dir: string,
  plain: string,
  hidden: Readonly<Record<string, string>>,
): Promise<void> {
  const files = [...await filesOf(dir)];
  ok(files.some(([, bytes]) => contains(bytes, plain)), "the search finds what is there");
  const shown = files.flatMap(([name, bytes]) =>
    Object.entries(hidden)
      .filter(([, value]) => contains(bytes, value))
      .map(([field]) => `${field} in ${name}`)
  );
  deepEqual(shown, []);
}

function contains(bytes: Uint8Array, text: string): boolean {
  const latin1 = new TextDecoder("latin1");
  return latin1.decode(bytes).toLowerCase().includes(text.toLowerCase());
}
