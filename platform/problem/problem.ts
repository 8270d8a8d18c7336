import type { ContentfulStatusCode } from "hono/utils/http-status";

/** One kind of failure that a client may tell apart and act on. */
export interface ProblemType {
  /** Names the kind for machines: a URN, the same in every deployment. */
  readonly type: string;
  readonly status: ContentfulStatusCode;
  /** Names the kind for people: the same text on every occurrence. */
  readonly title: string;
  /** The one word that clients of 401 and 403 have always looked for. */
  readonly error?: string;
}

/** What is known about one occurrence of a problem. */
export interface ProblemOptions {
  /** Explains this occurrence to the caller. Goes over the wire: no secrets, no stack. */
  readonly detail?: string;
  /** Extension members, such as `errors` for a rejected body. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** Response headers the kind calls for, such as `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What went wrong inside. Logged, never sent. */
  readonly cause?: unknown;
}

/**
 * A failure on its way to the client as `application/problem+json`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457 | RFC 9457, Problem Details for HTTP APIs}
 */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(readonly kind: ProblemType, readonly options: ProblemOptions = {}) {
    super(options.detail ?? kind.title, { cause: options.cause });
  }
}

export function problemType(
  slug: string,
  status: ContentfulStatusCode,
  title: string,
  error?: string,
): ProblemType {
  const kind = { type: `urn:sallyport:problem:${slug}`, status, title };
  return error ? { ...kind, error } : kind;
}
