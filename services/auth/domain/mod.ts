export * from "./auth_error.ts";
export * from "./factors.ts";
export * from "./login_attempts.ts";
export * from "./mail_errors.ts";
export * from "./outgoing_mail.ts";
export * from "./password.ts";
export * from "./second_factors.ts";
export * from "./user.ts";
