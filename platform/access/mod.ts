export * from "./access.ts";
export * from "./authenticate.ts";
export type { CompactToken } from "./compact_token.ts";
export { type Connection, type SenderConstraintOptions } from "./sender_constraint.ts";
export * from "./service_token.ts";
export * from "./shown.ts";
export * from "./verified_tokens.ts";
