export * from "./admin_server.ts";
export * from "./logger.ts";
export * from "./metrics.ts";
export * from "./metrics_snapshot.ts";
export * from "./metrics_text.ts";
export * from "./request_log.ts";
export * from "./readiness_check.ts";
export * from "./readyz.ts";
