import type { Plugin } from "../plugin.ts";
import { acl } from "./acl.ts";
import { correlationId } from "./correlation_id.ts";
import { cors, isPreflight } from "./cors.ts";
import { fileLog } from "./file_log.ts";
import { httpLog } from "./http_log.ts";
import { ipRestriction } from "./ip_restriction.ts";
import { jwt } from "./jwt.ts";
import { keyAuth } from "./key_auth.ts";
import { mtlsAuth } from "./mtls_auth.ts";
import { prometheus } from "./prometheus.ts";
import { rateLimiting } from "./rate_limiting.ts";
import { proxyCache } from "./proxy_cache.ts";
import { redirect } from "./redirect.ts";
import { requestSizeLimiting } from "./request_size_limiting.ts";
import { requestTermination } from "./request_termination.ts";
import { requestTransformer } from "./request_transformer.ts";
import { responseTransformer } from "./response_transformer.ts";
import { securityHeaders } from "./security_headers.ts";

export { isPreflight, jwt, mtlsAuth };

/** Every plugin there is, in the order they run. */
export const plugins = [
  correlationId, // first: whatever happens to a request must be found again by its id
  prometheus, // counts at the end whatever comes of a request; first to see answers go by
  fileLog, // tells at the end what came of it, so where it stands does not matter
  httpLog, // the same
  securityHeaders, // on every answer, the refusals of the next ones included
  cors, // a preflight carries no token, so it is answered before one is demanded
  mtlsAuth, // what the connection alone shows: without it nothing a request says is heard
  jwt, // who is asking: the next ones need to know
  keyAuth, // another way to say who is asking: with a token as well, the key has the last word
  ipRestriction, // after the token, as in Kong: it may be for one consumer only
  acl, // whether they may: told before anything about the body, as the contract has it
  rateLimiting, // counts callers, so after they are known; before anything costs the services
  requestSizeLimiting, // next to where the body is read; what comes now may answer, or change what is read
  requestTermination, // an end that was put here by hand goes before any other answer, and is counted
  redirect, // leads elsewhere only whom nothing before refuses
  requestTransformer, // what it makes of a request is for the service alone
  responseTransformer, // the last in order sees an answer first: what is kept is as the service gave it
  proxyCache, // last: nobody gets a copy whom anything before refuses
] as const;

const byName: ReadonlyMap<string, Plugin> = new Map(
  plugins.map((plugin) => [plugin.name, plugin as unknown as Plugin]),
);

export function findPlugin(name: string): Plugin | undefined {
  return byName.get(name);
}
