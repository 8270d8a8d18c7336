export * from "./addresses.ts";
export * from "./credentials.ts";
export * from "./development_folder.ts";
export * from "./random_text.ts";
export * from "./programs.ts";
export * from "./running_platform.ts";
export * from "./supervisor.ts";
