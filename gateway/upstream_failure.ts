import { NoInstanceError } from "platform/discovery";
import { Problem, problemTypes } from "platform/problem";

const unreachable = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
]);
/** How `fetch` of the runtime says that there was no connection at all. */
const connectFailure = /client error \(Connect\)/;
const causesMax = 5;

/**
 * What a client is told when a service gave no answer: 504 when it took too long, 503 when nobody was
 * there, 502 for all else. Never why: that is logged.
 */
export function upstreamFailure(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  const options = { headers: { "retry-after": "1" }, cause: thrown };
  const chain = causesOf(thrown);
  if (chain.some(({ name }) => name === "TimeoutError")) {
    return new Problem(problemTypes.gatewayTimeout, options);
  }
  const kind = chain.some(isUnreachable) ? problemTypes.unavailable : problemTypes.badGateway;
  return new Problem(kind, options);
}

function causesOf(thrown: unknown): Error[] {
  const chain: Error[] = [];
  for (let at = thrown; at instanceof Error && chain.length < causesMax; at = at.cause) {
    chain.push(at);
  }
  return chain;
}

function isUnreachable(error: Error & { readonly code?: unknown }): boolean {
  return error instanceof NoInstanceError || unreachable.has(String(error.code)) ||
    connectFailure.test(error.message);
}
