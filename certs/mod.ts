export * from "./authority.ts";
export * from "./leaf.ts";
export * from "./programs.ts";
export * from "./store.ts";
