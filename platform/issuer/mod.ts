export * from "./open_issuer.ts";
export * from "./service_access.ts";
