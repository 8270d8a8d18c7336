export * from "./calls.ts";
export * from "./edge_calls.ts";
export * from "./open_workers.ts";
export * from "./worker_edges.ts";
