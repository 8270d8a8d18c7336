export * from "./auth_server.ts";
export * from "./authenticator.ts";
export * from "./browser.ts";
export * from "./factors.ts";
export * from "./mailbox.ts";
