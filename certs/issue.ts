export * from "./authority.ts";
export * from "./leaf.ts";
