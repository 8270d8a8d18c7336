import type { Logger } from "./logger.ts";

type Handler<Rest extends unknown[]> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>;

const requestIdPattern = /^[A-Za-z0-9._#-]{8,128}$/;

/** The id that the caller in front of us gave the request, or a new one when it gave none we can log. */
function requestIdOf(headers: Headers): string {
  const given = headers.get("x-request-id");
  return given && requestIdPattern.test(given) ? given : crypto.randomUUID();
}

/**
 * Answers as `handle` does, and logs one line per request: method, path, status, time and id.
 * Never the query, a header or a body: those carry codes, tokens and people's data.
 */
export function withRequestLog<Rest extends unknown[]>(
  log: Logger,
  handle: Handler<Rest>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    const startedMs = performance.now();
    const response = await handle(request, ...rest);
    log.info("Request answered", {
      "http.request.id": requestIdOf(request.headers),
      "http.request.method": request.method,
      "url.path": new URL(request.url).pathname,
      "http.response.status_code": response.status,
      // ECS counts durations in nanoseconds.
      "event.duration": Math.round((performance.now() - startedMs) * 1e6),
    });
    return response;
  };
}
