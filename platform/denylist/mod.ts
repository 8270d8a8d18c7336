export * from "./denylist.ts";
export * from "./open_denylist.ts";
