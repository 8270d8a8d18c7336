import { inboxSchema, outboxSchema } from "platform/events";
import { Database, idempotencySchema } from "platform/store";
import type { Ciphers } from "../ciphers.ts";
import { sealWork } from "./sealed_work.ts";

const schema = `
  create table payments (
    id text primary key,
    order_id text not null,
    customer_id text not null,
    created_at text not null,
    is_idle integer not null,
    due_at text not null,
    leased_until_ms integer not null default 0,
    document text not null
  ) strict;
  create unique index payments_one_per_order on payments (order_id);
  create index payments_by_age on payments (created_at, id);
  create index payments_by_customer on payments (customer_id, created_at, id);
  create index payments_by_due on payments (due_at) where is_idle = 0;

  create table ledger (
    position integer primary key autoincrement,
    payment_id text not null references payments (id),
    booking text not null,
    account text not null,
    side text not null check (side in ('debit', 'credit')),
    amount_minor integer not null check (amount_minor > 0),
    currency text not null,
    at text not null,
    unique (booking, account)
  ) strict;
  create trigger ledger_keeps_entries before update on ledger
    begin select raise(abort, 'the ledger is only added to'); end;
  create trigger ledger_keeps_all before delete on ledger
    begin select raise(abort, 'the ledger is only added to'); end;
`;

/** The one file in which the embedded adapters of payment keep everything, so that they share transactions. */
export function openEmbeddedDatabase(path: string, ciphers: Ciphers): Database {
  const db = Database.open(path, [
    schema + outboxSchema + inboxSchema + idempotencySchema,
    sealWork(ciphers),
  ]);
  // One process owns the file: whoever held a payment before us is gone.
  db.run("update payments set leased_until_ms = 0");
  return db;
}
