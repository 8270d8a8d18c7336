import { ConnectionError } from "platform/tls";
import type { ForwardedBody } from "./request_body.ts";

/** Safe by RFC 9110, section 9.2.1: to ask twice is to ask once. */
const safe: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
/** Idempotent by section 9.2.2: twice has the effect of once. */
const idempotent: ReadonlySet<string> = new Set(["PUT", "DELETE"]);

const backoffMsMin = 20;
const backoffMsMax = 100;

export interface RepeatFacts {
  readonly method: string;
  readonly headers: Headers;
  readonly body: ForwardedBody;
  /** Whether the service gives a repeated call with the same `Idempotency-Key` the first answer. */
  readonly isIdempotent: boolean;
}

/**
 * Whether the request may be sent again, given that the first may have reached the service: methods that are
 * made for it, others only by an `Idempotency-Key` that the service honours; and never a body that flows.
 */
export function isRepeatable({ method, headers, body, isIdempotent }: RepeatFacts): boolean {
  if (body.kind === "stream") return false;
  if (safe.has(method) || idempotent.has(method)) return true;
  return isIdempotent && headers.has("idempotency-key");
}

/** Whether nothing of the request has left yet: then any request may go to another server. */
export function mayGoElsewhere(thrown: unknown, { body }: Pick<RepeatFacts, "body">): boolean {
  return thrown instanceof ConnectionError && thrown.isUnsent && body.kind !== "stream";
}

/** How long to wait before another attempt: at random, up to a bound that doubles, and within what is left. */
export function backoffMs(
  attempt: number,
  { leftMs, random = Math.random }: { readonly leftMs: number; readonly random?: () => number },
): number {
  return Math.max(
    0,
    Math.min(leftMs, random() * Math.min(backoffMsMax, backoffMsMin * 2 ** (attempt - 1))),
  );
}
