import { areMet, type ReadinessCheck } from "./readiness_check.ts";

type Handler<Rest extends unknown[]> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>;

/**
 * Answers `GET /readyz` with 204 while all of `checks` pass and else with 503, and hands everything else
 * on. A program listens on its mutual-TLS port only while it is ready, so that is all there is to ask.
 */
export function withReadyz<Rest extends unknown[]>(
  handle: Handler<Rest>,
  checks: readonly ReadinessCheck[] = [],
): Handler<Rest> {
  return async (request, ...rest) =>
    request.method === "GET" && new URL(request.url).pathname === "/readyz"
      ? new Response(null, { status: await areMet(checks) ? 204 : 503 })
      : await handle(request, ...rest);
}
