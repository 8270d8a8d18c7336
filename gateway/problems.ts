import { type ProblemType, problemType } from "platform/problem";

/** Problems that only the edge answers with. */
export const gatewayProblems = {
  oddHost: problemType("odd-host", 400, "The request must name one host, in one way"),
  ambiguousPath: problemType("ambiguous-path", 400, "The path can be read in more than one way"),
  targetTooLong: problemType("target-too-long", 414, "The path with its query is too long"),
  headersTooLarge: problemType(
    "headers-too-large",
    431,
    "The request has too many headers, or too large ones",
  ),
  oddFraming: problemType(
    "odd-framing",
    400,
    "The request must say in one way where its body ends",
  ),
  brokenBody: problemType("broken-body", 400, "The request body did not arrive whole"),
  loopDetected: problemType("loop-detected", 508, "The request comes by here again and again"),
  addressNotAllowed: problemType(
    "address-not-allowed",
    403,
    "Requests from this address are not answered",
    "Forbidden",
  ),
  lengthRequired: problemType("length-required", 411, "The request must say how long its body is"),
  requestTerminated: problemType("request-terminated", 503, "Requests like this one end here"),
  apiKeyMissing: problemType("api-key-missing", 401, "An API key is needed", "Unauthorized"),
  apiKeyInvalid: problemType(
    "api-key-invalid",
    401,
    "The API key is not valid here",
    "Unauthorized",
  ),
  noService: problemType("no-service", 503, "The route leads to no service"),
} satisfies Record<string, ProblemType>;
