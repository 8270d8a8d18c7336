export * from "./auth_error.ts";
export * from "./login_attempts.ts";
export * from "./mail_errors.ts";
export * from "./outgoing_mail.ts";
export * from "./password.ts";
export * from "./user.ts";
