import type { z } from "zod";
import type { ProblemType } from "platform/problem";
import type { Principal, Reach } from "platform/access";

/** The contract of one operation. Validation, typing and OpenAPI all read it. */
export interface Route {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** Hono path pattern. */
  readonly path: string;
  /** A second path to the same operation: what a gateway asks for that takes its own prefix away. */
  readonly alias?: string;
  readonly summary: string;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly status: 200 | 201 | 202;
  readonly reply: z.ZodType;
  /** Takes an `Idempotency-Key`: a repeated call gets the first answer. */
  readonly idempotent?: true;
  /** `If-Match` must be sent (428 without). It is honoured on every route whose handler looks at it. */
  readonly ifMatch?: "required";
  /** Problems beyond those every route may answer with. */
  readonly problems?: readonly ProblemType[];
}

type Part<R, Name extends string> = R extends { [K in Name]: infer S extends z.ZodType }
  ? z.output<S>
  : undefined;

/** What a handler is given: the parsed request and who is asking. */
export interface Call<R extends Route> {
  readonly params: Part<R, "params">;
  readonly query: Part<R, "query">;
  readonly body: Part<R, "body">;
  readonly caller: Principal;
  readonly reach: Reach;
  /** Headers as received, for the few handlers whose contract names one. */
  readonly headers: Headers;
  /** The body as received, for a handler that checks a signature over it. Empty without a body. */
  readonly bodyText: string;
  /** The version that `If-Match` names: pass it to {@linkcode matching}. */
  readonly ifMatch: number | undefined;
  /**
   * The id for what this call creates. With an `Idempotency-Key` it is the same
   * when the call is taken up again after a crash, so that nothing is created twice.
   */
  readonly resourceId: string;
  /** Aborted when nobody waits for the answer any more: for calls to others. Undefined: somebody always does. */
  readonly signal: AbortSignal | undefined;
}

export type Handlers<T extends Readonly<Record<string, Route>>> = {
  [Operation in keyof T]: (
    call: Call<T[Operation]>,
  ) => Promise<z.input<T[Operation]["reply"]>>;
};
