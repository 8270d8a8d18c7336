export * from "./migrations.ts";
export * from "./postgres.ts";
export type { PostgresConfig, Sql } from "./postgres_connection.ts";
export { isRefusedBy, WriteConflictError } from "./postgres_errors.ts";
export * from "./postgres_idempotency_store.ts";
export * from "./postgres_inbox.ts";
export * from "./postgres_outbox.ts";
export type { PostgresIdentity } from "./postgres_socket.ts";
export * from "./postgres_url.ts";
