export * from "./admin_server.ts";
export * from "./logger.ts";
export * from "./request_log.ts";
export * from "./readyz.ts";
