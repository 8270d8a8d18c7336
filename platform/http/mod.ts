export * from "./bind_routes.ts";
export * from "./client_network.ts";
export * from "./idempotency.ts";
export * from "./openapi.ts";
export * from "./page.ts";
export * from "./precondition.ts";
export * from "./request_body.ts";
export * from "./route.ts";
