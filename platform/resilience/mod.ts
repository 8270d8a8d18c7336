export * from "./call_errors.ts";
export * from "./circuit.ts";
export * from "./resilience.ts";
export * from "./retry_budget.ts";
export * from "./sampling_breaker.ts";
