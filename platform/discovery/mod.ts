export * from "./balancer.ts";
export * from "./consul_api.ts";
export * from "./consul_discovery.ts";
export * from "./discovery.ts";
export * from "./no_instance_error.ts";
export * from "./open_discovery.ts";
export * from "./peer.ts";
export * from "./static_discovery.ts";
