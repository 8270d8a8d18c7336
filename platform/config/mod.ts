export * from "./env.ts";
export * from "./program_config.ts";
export * from "./secret.ts";
export * from "./variables.ts";
