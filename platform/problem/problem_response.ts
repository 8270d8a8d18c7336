// Not by the folder's door: the stores behind it import this folder.
import { StoreUnavailableError } from "../store/store_errors.ts";
import { Problem, type ProblemType } from "./problem.ts";
import { problemTypes } from "./problem_types.ts";

/**
 * Whatever was thrown, as the one failure shape clients ever see. A store that is away becomes a 503, an
 * unknown error a mute 500.
 */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof StoreUnavailableError) {
    return new Problem(problemTypes.unavailable, {
      headers: { "retry-after": "1" },
      cause: thrown,
    });
  }
  return new Problem(problemTypes.internal, { cause: thrown });
}

/** Turns whatever was thrown into an `application/problem+json` response. */
export function problemResponse(thrown: unknown): Response {
  const { kind, options } = asProblem(thrown);
  const body = { ...kind, detail: options.detail, ...options.members };
  return new Response(JSON.stringify(body), {
    status: kind.status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...options.headers,
    },
  });
}

/** Makes sense of a thrown value, or hands it back as it came. */
export type Translate = (thrown: unknown) => unknown;

/** Translates the errors of one domain: its compiler-checked table names a problem per code. */
export function problemsFor<Code extends string>(
  DomainError: abstract new (...args: never[]) => Error & { readonly code: Code },
  types: Readonly<Record<Code, ProblemType>>,
): Translate {
  return (thrown) =>
    thrown instanceof DomainError
      ? new Problem(types[thrown.code], { detail: thrown.message, cause: thrown })
      : thrown;
}
