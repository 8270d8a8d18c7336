export * from "./outcome_error.ts";
export * from "./resilient_call.ts";
