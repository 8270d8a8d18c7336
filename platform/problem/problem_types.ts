import { problemType } from "./problem.ts";

/** Problem types any program may answer with. A service adds its own in `problems.ts`. */
export const problemTypes = {
  invalidRequest: problemType("invalid-request", 400, "The request breaks the contract"),
  malformedJson: problemType("malformed-json", 400, "The request body is not JSON"),
  idempotencyKeyMissing: problemType(
    "idempotency-key-missing",
    400,
    "This operation needs an Idempotency-Key header",
  ),
  unauthenticated: problemType(
    "unauthenticated",
    401,
    "A valid access token is needed",
    "Unauthorized",
  ),
  invalidToken: problemType(
    "invalid-token",
    401,
    "The access token is not valid here",
    "Invalid token",
  ),
  forbidden: problemType(
    "forbidden",
    403,
    "The caller's roles do not allow this",
    "Insufficient permissions",
  ),
  peerNotAllowed: problemType(
    "peer-not-allowed",
    403,
    "This program does not answer that peer",
    "Insufficient permissions",
  ),
  notFound: problemType("not-found", 404, "There is no such resource"),
  methodNotAllowed: problemType("method-not-allowed", 405, "The resource has no such method"),
  requestTimeout: problemType("request-timeout", 408, "The request took too long to arrive"),
  idempotencyKeyInFlight: problemType(
    "idempotency-key-in-flight",
    409,
    "The first request with this Idempotency-Key is still being answered",
  ),
  preconditionFailed: problemType(
    "precondition-failed",
    412,
    "The resource has changed since it was read",
  ),
  contentTooLarge: problemType("content-too-large", 413, "The request body is too large"),
  unsupportedMediaType: problemType(
    "unsupported-media-type",
    415,
    "The request body must be application/json",
  ),
  idempotencyKeyReused: problemType(
    "idempotency-key-reused",
    422,
    "This Idempotency-Key came before with another request",
  ),
  preconditionRequired: problemType(
    "precondition-required",
    428,
    "This operation needs an If-Match header",
  ),
  rateLimited: problemType("rate-limited", 429, "Too many requests"),
  internal: problemType("internal", 500, "Something failed on our side"),
  badGateway: problemType("bad-gateway", 502, "A program behind this one failed"),
  unavailable: problemType("unavailable", 503, "This cannot be answered right now"),
  gatewayTimeout: problemType("gateway-timeout", 504, "A program behind this one took too long"),
};
