export type AuthErrorCode =
  | "email_taken"
  | "password_refused"
  | "current_password_wrong"
  | "own_admin_role"
  | "own_account"
  | "managed_elsewhere"
  | "own_factors"
  | "sign_in_over"
  | "second_factor_wrong"
  | "factor_taken"
  | "too_many_passkeys"
  | "passkey_unknown"
  | "passkey_refused"
  | "passkey_cloned"
  | "too_many_attempts"
  | "busy";

/** A rule of signing up or signing in was about to be broken. Knows nothing of HTTP. */
export class AuthError extends Error {
  override readonly name = "AuthError";

  /** @param retryAfterSeconds for failures that pass by themselves: how long that takes. */
  constructor(
    readonly code: AuthErrorCode,
    message: string,
    readonly retryAfterSeconds?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
