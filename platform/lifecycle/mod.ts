export * from "./periodic.ts";
export * from "./run_program.ts";
export * from "./stop_signal.ts";
