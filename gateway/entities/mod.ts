export * from "./changes.ts";
export * from "./declarative.ts";
export type { Collection, Input, Kind } from "./kind.ts";
export { collections, kinds } from "./kinds.ts";
export { type Method, methods } from "./route.ts";
export * from "./state.ts";
export * from "./violation.ts";
