import { inboxSchema, outboxSchema } from "platform/events";
import { Database, idempotencySchema } from "platform/store";
import type { Ciphers } from "../ciphers.ts";
import { sealSagas } from "./sealed_sagas.ts";

const schema = `
  create table products (
    id text primary key,
    created_at text not null,
    document text not null
  ) strict;
  create index products_by_age on products (created_at, id);

  create table orders (
    id text primary key,
    customer_id text not null,
    created_at text not null,
    document text not null
  ) strict;
  create index orders_by_age on orders (created_at, id);
  create index orders_by_customer on orders (customer_id, created_at, id);

  create table order_events (
    position integer primary key autoincrement,
    order_id text not null references orders (id),
    event text not null
  ) strict;
  create index order_events_by_order on order_events (order_id, position);

  create table sagas (
    order_id text primary key references orders (id),
    is_done integer not null,
    due_at text not null,
    leased_until_ms integer not null default 0,
    document text not null
  ) strict;
  create index sagas_by_due on sagas (due_at) where is_done = 0;
`;

/** The one file in which the embedded adapters of orders keep everything, so that they share transactions. */
export function openEmbeddedDatabase(path: string, ciphers: Ciphers): Database {
  const db = Database.open(path, [
    schema + outboxSchema + inboxSchema + idempotencySchema,
    sealSagas(ciphers),
  ]);
  // One process owns the file: whoever held a saga before us is gone.
  db.run("update sagas set leased_until_ms = 0");
  return db;
}
