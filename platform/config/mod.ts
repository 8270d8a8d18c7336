export * from "./env.ts";
export * from "./secret.ts";
export * from "./variables.ts";
