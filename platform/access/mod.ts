export * from "./access.ts";
export * from "./authenticate.ts";
export * from "./service_token.ts";
