export * from "./work_runner.ts";
