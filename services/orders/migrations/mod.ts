import type { Migration } from "platform/postgres";
import orders from "./0001_orders.sql" with { type: "text" };
import events from "./0002_events.sql" with { type: "text" };
import idempotencyKeys from "./0003_idempotency_keys.sql" with { type: "text" };

/** The schema of orders in PostgreSQL, step by step. */
export const migrations: readonly Migration[] = [
  { name: "0001_orders", sql: orders },
  { name: "0002_events", sql: events },
  { name: "0003_idempotency_keys", sql: idempotencyKeys },
];
