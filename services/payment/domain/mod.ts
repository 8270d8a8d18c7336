export * from "./ledger.ts";
export * from "./payment.ts";
export * from "./payment_error.ts";
export * from "./transition.ts";
export * from "./work.ts";
