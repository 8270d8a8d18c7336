import { Problem, type ProblemType } from "./problem.ts";
import { problemTypes } from "./problem_types.ts";

/** Whatever was thrown, as the one failure shape clients ever see. An unknown error becomes a mute 500. */
export function asProblem(thrown: unknown): Problem {
  return thrown instanceof Problem ? thrown : new Problem(problemTypes.internal, { cause: thrown });
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
