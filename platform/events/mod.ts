export * from "./cloud_event.ts";
export * from "./embedded_event_log.ts";
export * from "./event_stream.ts";
export * from "./inbox.ts";
export * from "./outbox.ts";
