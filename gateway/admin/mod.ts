export * from "./admin_api.ts";
export * from "./loopback_listener.ts";
