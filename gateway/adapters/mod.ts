export * from "./memory_request_counter.ts";
export * from "./static_discovery.ts";
