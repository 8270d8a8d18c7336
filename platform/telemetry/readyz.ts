type Handler<Rest extends unknown[]> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>;

/**
 * Answers `GET /readyz` with 204, and hands everything else on. A program listens on its
 * mutual-TLS port only while it is ready, so that being answered there is the whole answer.
 */
export function withReadyz<Rest extends unknown[]>(handle: Handler<Rest>): Handler<Rest> {
  return (request, ...rest) =>
    request.method === "GET" && new URL(request.url).pathname === "/readyz"
      ? new Response(null, { status: 204 })
      : handle(request, ...rest);
}
