export * from "./order.ts";
export * from "./order_error.ts";
export * from "./product.ts";
export * from "./saga.ts";
export * from "./transition.ts";
