export * from "./mongodb_account_steps.ts";
export * from "./mongodb_collections.ts";
export * from "./mongodb_link.ts";
export * from "./mongodb_outbox.ts";
export * from "./mongodb_stores.ts";
