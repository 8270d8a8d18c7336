import { acl } from "./acl.ts";
import { correlationId } from "./correlation_id.ts";
import { cors } from "./cors.ts";
import { jwt } from "./jwt.ts";
import { rateLimiting } from "./rate_limiting.ts";
import { requestSizeLimiting } from "./request_size_limiting.ts";
import { securityHeaders } from "./security_headers.ts";

export { jwt };

/** Every plugin there is, in the order they run. */
export const plugins = [
  correlationId, // first: whatever happens to a request must be found again by its id
  securityHeaders, // on every answer, the refusals of the next ones included
  cors, // a preflight carries no token, so it is answered before one is demanded
  jwt, // who is asking: the next ones need to know
  acl, // whether they may: told before anything about the body, as the contract has it
  rateLimiting, // counts callers, so after they are known; before anything costs the services
  requestSizeLimiting, // last, next to where the body is read
] as const;
