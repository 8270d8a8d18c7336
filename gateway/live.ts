/** The configuration in force, and what answers by it. */
export * from "./edges.ts";
export * from "./live_app.ts";
export * from "./live_gateway.ts";
