export * from "./development_programs.ts";
export * from "./encrypting_program.ts";
export * from "./ring_store.ts";
export * from "./rotate_keys.ts";
