export { DynamodbOutbox } from "./dynamodb_outbox.ts";
export { createTable, tableDefinition } from "./dynamodb_schema.ts";
export * from "./dynamodb_stores.ts";
export type { DynamodbTable } from "./dynamodb_table.ts";
