import { Problem, problemTypes } from "platform/problem";

/** The strong entity tag of a resource's version. */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/**
 * The version named by `If-Match`; undefined without the header or with `*`.
 * A tag that we cannot have given out names no version, so it matches none: -1.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#name-if-match | RFC 9110, If-Match}
 * @throws {Problem} `precondition-required` when `required` and there is no header.
 */
export function parseIfMatch(headers: Headers, required: boolean): number | undefined {
  const header = headers.get("if-match");
  if (header === null) {
    if (required) throw new Problem(problemTypes.preconditionRequired);
    return undefined;
  }
  if (header.trim() === "*") return undefined;
  const version = /^\s*"(\d{1,15})"\s*$/.exec(header)?.[1];
  return version === undefined ? -1 : Number(version);
}

/**
 * `change`, but only of the version that the caller has seen.
 *
 * @throws {Problem} `precondition-failed`, from the returned function, when it is another.
 */
export function matching<Current, Next>(
  ifMatch: number | undefined,
  versionOf: (current: Current) => number,
  change: (current: Current) => Next,
): (current: Current) => Next {
  return (current) => {
    if (ifMatch !== undefined && versionOf(current) !== ifMatch) {
      throw new Problem(problemTypes.preconditionFailed);
    }
    return change(current);
  };
}
