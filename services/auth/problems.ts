import { Problem, type ProblemType, problemType, problemTypes } from "platform/problem";
import { AuthError, type AuthErrorCode } from "./domain/mod.ts";

/** What each broken rule looks like to a client. */
export const authProblems = {
  email_taken: problemType("email-taken", 409, "There is an account with this e-mail address"),
  password_refused: problemType("password-refused", 422, "The password is too easy to guess"),
  current_password_wrong: problemType(
    "current-password-wrong",
    422,
    "The current password is another",
  ),
  own_admin_role: problemType("own-admin-role", 409, "Admins keep their own admin role"),
  own_account: problemType("own-account", 409, "Admins do not disable themselves"),
  managed_elsewhere: problemType(
    "managed-elsewhere",
    409,
    "The identity provider looks after this",
  ),
  own_factors: problemType("own-factors", 409, "Admins do not reset their own factors"),
  sign_in_over: problemType("sign-in-over", 409, "The sign-in cannot go on: begin again"),
  second_factor_wrong: problemType("second-factor-wrong", 422, "The code is not right"),
  factor_taken: problemType("factor-taken", 409, "There is this factor already"),
  too_many_passkeys: problemType("too-many-passkeys", 409, "There are as many passkeys as may be"),
  passkey_unknown: problemType("passkey-unknown", 404, "The passkey is not known"),
  passkey_refused: problemType("passkey-refused", 422, "The passkey was not accepted"),
  passkey_cloned: problemType("passkey-cloned", 422, "There seems to be a copy of the passkey"),
  too_many_attempts: problemTypes.rateLimited,
  busy: problemTypes.unavailable,
} satisfies Record<AuthErrorCode, ProblemType>;

/** Translates {@linkcode AuthError}, and says when to come back if it knows. */
export function translate(thrown: unknown): unknown {
  if (!(thrown instanceof AuthError)) return thrown;
  const { code, message, retryAfterSeconds } = thrown;
  const headers = retryAfterHeaders(retryAfterSeconds);
  return new Problem(authProblems[code], { detail: message, headers, cause: thrown });
}

export function retryAfterHeaders(seconds: number | undefined): Readonly<Record<string, string>> {
  return seconds === undefined ? {} : { "retry-after": String(seconds) };
}
