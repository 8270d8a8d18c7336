import { deepEqual, equal, ok } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openEmbeddedStores as openAuthStores } from "@services/auth/adapters";
import { ciphersOf as authCiphersOf } from "@services/auth/ciphers";
import { openEmbeddedStores as openOrderStores } from "@services/orders/adapters";
import { ciphersOf as orderCiphersOf } from "@services/orders/ciphers";
import { newSaga, type Saga } from "@services/orders/domain";
import { openEmbeddedStores as openPaymentStores } from "@services/payment/adapters";
import { ciphersOf as paymentCiphersOf } from "@services/payment/ciphers";
import { newWork, PaymentId } from "@services/payment/domain";
import { TestKeyRing } from "platform/crypto/testing";
import { anOrder, noon } from "../fixtures/orders.ts";
import { anOpening } from "../fixtures/payments.ts";

/** The tables that changed, as the version before made them. */
const formerAuth = `
  create table users (
    id text primary key, email_key text not null unique, created_at text not null,
    document text not null
  ) strict;
  create table artifacts (
    key text primary key, uid_key text, user_code_key text, grant_id text, owner text,
    payload text not null, expires_at_ms integer not null
  ) strict, without rowid;
  create table consumed_artifacts (
    key text primary key, remember_until_ms integer not null
  ) strict, without rowid;
`;
const formerIdempotency = `
  create table idempotency_keys (
    scope text not null, key text not null, fingerprint text not null, resource_id text not null,
    leased_until_ms integer not null, created_at_ms integer not null, answer text,
    primary key (scope, key)
  ) strict, without rowid;
`;
const formerOrders = `
  create table orders (
    id text primary key, customer_id text not null, created_at text not null,
    document text not null
  ) strict;
  create table sagas (
    order_id text primary key references orders (id), is_done integer not null,
    due_at text not null, leased_until_ms integer not null default 0, document text not null
  ) strict;
  ${formerIdempotency}
`;
const formerPayments = `
  create table payments (
    id text primary key, order_id text not null, customer_id text not null,
    created_at text not null, is_idle integer not null, due_at text not null,
    leased_until_ms integer not null default 0, document text not null
  ) strict;
  ${formerIdempotency}
`;

Deno.test("auth seals the people and artifacts of a database from before, and finds them still", async () => {
  await withFile(formerAuth, async (path, db) => {
    const account = {
      id: crypto.randomUUID(),
      email: "Planted.Address@example.com",
      name: "Planted Name",
      roles: ["customer"],
      status: "active",
      createdAt: noon.toISOString(),
      version: 3,
      passwordHash: "$argon2id$planted-hash",
    };
    const insert = db.prepare(
      "insert into users (id, email_key, created_at, document) values (?, ?, ?, ?)",
    );
    // With many, pages are split and joined while they are sealed: nothing may stay behind in one.
    const others = Array.from({ length: 500 }, (_, number) => ({
      ...account,
      id: crypto.randomUUID(),
      email: `planted${number}@example.com`,
      name: `Planted ${"Name ".repeat(number % 30)}`.trim(),
    }));
    db.exec("begin");
    for (const { id, email, createdAt, ...rest } of [account, ...others]) {
      const document = JSON.stringify({ id, email, createdAt, ...rest });
      insert.run(id, email.toLowerCase(), createdAt, document);
    }
    db.exec("commit; begin");
    // Forgotten people are still there in pages that nobody has used since.
    for (const { id } of others.slice(0, 450)) {
      db.prepare("delete from users where id = ?").run(id);
    }
    db.exec("commit");
    db.prepare("insert into artifacts (key, payload, expires_at_ms) values (?, ?, ?)")
      .run("a1", '{"scope":"planted-scope"}', noon.getTime());
    db.close();
    const shown = (await shows(path, "planted")) && (await shows(path, "planted-scope"));
    ok(shown, "there is something to seal");

    const config = { kind: "embedded", path } as const;
    await using stores = openAuthStores(config, authCiphersOf(new TestKeyRing()));
    equal(await shows(path, "planted"), false);
    deepEqual(await stores.users.findByEmail("planted.address@EXAMPLE.com"), account);
    deepEqual(await stores.users.find(account.id, "any"), account);
    deepEqual(await stores.users.findByEmail("planted499@example.com"), others[499]);
    deepEqual((await stores.grants.find("a1"))?.payload, { scope: "planted-scope" });
  });
});

Deno.test("orders goes on with the sagas of a database from before", async () => {
  await withFile(formerOrders, async (path, db) => {
    const ring = new TestKeyRing();
    const [waiting, done] = [anOrder(), anOrder()];
    for (const order of [waiting, done]) {
      db.prepare("insert into orders (id, customer_id, created_at, document) values (?, ?, ?, ?)")
        .run(order.id, order.customerId, order.createdAt, JSON.stringify(order));
    }
    const insert = "insert into sagas (order_id, is_done, due_at, document) values (?, ?, ?, ?)";
    const { paymentMethod: _method, ...saga } = newSaga(waiting.id, "", noon);
    const sealedMethod = formerly(ring, ["orders", "sagas", waiting.id], "pm_planted");
    db.prepare(insert).run(waiting.id, 0, saga.dueAt, JSON.stringify({ ...saga, sealedMethod }));
    const ended = { ...saga, orderId: done.id, step: "done", sealedMethod: null };
    db.prepare(insert).run(done.id, 1, saga.dueAt, JSON.stringify(ended));
    db.close();

    const config = { kind: "embedded", path } as const;
    await using stores = openOrderStores(config, orderCiphersOf(ring));
    const claim = await stores.sagas.claim(waiting.id, noon, 1_000);
    deepEqual(claim?.item.saga, { ...saga, paymentMethod: "pm_planted" });
    const sagaOf = async (id: typeof done.id): Promise<Saga | undefined> =>
      (await stores.orders.transition(id, "any", (course) => ({ ...course, releasesStock: false })))
        ?.saga;
    equal((await sagaOf(done.id))?.paymentMethod, null);
  });
});

Deno.test("payment goes on with the work of a database from before", async () => {
  await withFile(formerPayments, async (path, db) => {
    const ring = new TestKeyRing();
    const { payment, refunds } = anOpening();
    const { id } = payment;
    const { paymentMethod: _method, ...work } = newWork(
      { paymentId: PaymentId.parse(id), captures: true, paymentMethod: "" },
      noon,
    );
    const sealedMethod = formerly(ring, ["payment", "payments", id], "pm_planted");
    const document = { payment, refunds, work: { ...work, sealedMethod } };
    db.prepare(
      `insert into payments (id, order_id, customer_id, created_at, is_idle, due_at, document)
       values (?, ?, ?, ?, 0, ?, ?)`,
    ).run(id, payment.orderId, "ada", payment.createdAt, work.dueAt, JSON.stringify(document));
    db.close();

    const config = { kind: "embedded", path } as const;
    await using stores = openPaymentStores(config, paymentCiphersOf(ring));
    const claim = await stores.work.claim(id, noon, 1_000);
    deepEqual(claim?.item, { payment, refunds, work: { ...work, paymentMethod: "pm_planted" } });
    deepEqual(await stores.payments.find(id, "any"), payment);
  });
});

/** A payment method as it was sealed before records had data keys of their own. */
function formerly(ring: TestKeyRing, place: readonly string[], text: string): string {
  const { keyId, sealed } = ring.seal(
    new TextEncoder().encode(text),
    (keyId) => JSON.stringify([...place, "sealedMethod", keyId]),
  );
  return `${keyId}.${sealed.toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

async function withFile(
  schema: string,
  check: (path: string, db: DatabaseSync) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    const path = `${dir}/store.sqlite`;
    const db = new DatabaseSync(path);
    db.exec(`pragma journal_mode = wal; ${schema} pragma user_version = 1`);
    await check(path, db);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Whether the database or its log has `text` in it, whatever its case. */
async function shows(path: string, text: string): Promise<boolean> {
  const latin1 = new TextDecoder("latin1");
  for (const file of [path, `${path}-wal`]) {
    try {
      if (latin1.decode(await Deno.readFile(file)).toLowerCase().includes(text)) return true;
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    }
  }
  return false;
}
