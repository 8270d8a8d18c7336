import type { AdminApi } from "./admin_api.ts";
import { reply } from "./replies.ts";

export interface LoopbackOptions {
  /** An address of this machine; a container network's only where `names` says who is meant. */
  readonly hostname: string;
  readonly port: number;
}

/** What a client may call us. Another name is a page that was led here by its own DNS. */
const names = new Set(["localhost", "127.0.0.1", "[::1]", "kong", "gateway"]);

/**
 * Serves the Admin API in plain HTTP, for development: whoever reaches the port may do everything.
 * Browsers are kept out: no page, whatever its origin, can use the developer's machine as a way in.
 */
export function serveAdminApi(
  { hostname, port }: LoopbackOptions,
  api: AdminApi,
): AsyncDisposable & { readonly port: number } {
  const server = Deno.serve({ hostname, port, onListen() {} }, (request) => {
    const isPage = request.headers.has("origin") || request.headers.has("sec-fetch-site");
    if (isPage || !names.has(new URL(request.url).hostname)) {
      return reply(403, { message: "Browsers and other names are not served" });
    }
    return api.fetch(request);
  });
  return { port: server.addr.port, [Symbol.asyncDispose]: () => server.shutdown() };
}
