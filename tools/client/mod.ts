export * from "./cookie_jar.ts";
export * from "./edge_client.ts";
export * from "./sign_in.ts";
