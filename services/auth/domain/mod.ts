export * from "./auth_error.ts";
export * from "./login_attempts.ts";
export * from "./password.ts";
export * from "./user.ts";
