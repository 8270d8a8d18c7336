export * from "./fault_point.ts";
export * from "./open_files.ts";
export * from "./pause.ts";
export * from "./periodic.ts";
export * from "./run_program.ts";
export * from "./stop_signal.ts";
export * from "./load_config.ts";
