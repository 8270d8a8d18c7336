export * from "./drain.ts";
export * from "./tells.ts";
