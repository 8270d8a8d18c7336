export * from "./database.ts";
export * from "./embedded_idempotency_store.ts";
export * from "./reach_store.ts";
export * from "./sealed_column.ts";
export * from "./store_errors.ts";
