export * from "./database.ts";
export * from "./embedded_idempotency_store.ts";
