import { AuthError } from "./domain/mod.ts";
import { authProblems, retryAfterHeaders } from "./problems.ts";

/** How a page says that a rule was about to be broken. */
export interface Refusal {
  readonly code: AuthError["code"];
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** For the person who reads it. */
  readonly alert: string;
}

/** @throws what is no {@linkcode AuthError}. */
export function refusalOf(thrown: unknown): Refusal {
  if (!(thrown instanceof AuthError)) throw thrown;
  const { code, message, retryAfterSeconds } = thrown;
  const wait = retryAfterSeconds === undefined
    ? ""
    : ` Try again in ${inWords(retryAfterSeconds)}.`;
  return {
    code,
    status: authProblems[code].status,
    headers: retryAfterHeaders(retryAfterSeconds),
    alert: `${message}.${wait}`,
  };
}

function inWords(seconds: number): string {
  if (seconds === 1) return "1 second";
  return seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}
