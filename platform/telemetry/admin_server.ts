import { areMet, type ReadinessCheck } from "./readiness_check.ts";

export interface AdminServer extends AsyncDisposable {
  readonly port: number;
  /** From now on `/readyz` says yes while all `checks` pass, until the returned handle is disposed of. */
  declareReady(checks?: readonly ReadinessCheck[]): Disposable;
  /** GET `path` answers with the JSON of what `look` gives, until the returned handle is disposed of. */
  show(path: string, look: () => unknown): Disposable;
}

/**
 * Probes, and what a program shows of itself, in plain HTTP on a loopback port of their own: a prober need
 * not hold a certificate. Nothing secret is shown there.
 */
export function serveAdmin(
  { hostname, port }: { readonly hostname: string; readonly port: number },
): AdminServer {
  let declared: readonly ReadinessCheck[] | undefined;
  const shown = new Map<string, () => unknown>();
  const server = listen({ hostname, port }, async ({ url }) => {
    const { pathname } = new URL(url);
    switch (pathname) {
      case "/livez":
        return new Response(null, { status: 204 });
      case "/readyz":
        return new Response(null, { status: declared && await areMet(declared) ? 204 : 503 });
    }
    const look = shown.get(pathname);
    return look ? Response.json(look()) : new Response(null, { status: 404 });
  });
  return {
    port: server.addr.port,
    declareReady(checks = []) {
      declared = checks;
      return { [Symbol.dispose]: () => void (declared = undefined) };
    },
    show(path, look) {
      shown.set(path, look);
      return { [Symbol.dispose]: () => void shown.delete(path) };
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** As `Deno.serve`, whose own error does not say which port it is that is in use. */
function listen(
  { hostname, port }: { readonly hostname: string; readonly port: number },
  handler: (request: Request) => Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname, port, onListen() {} }, handler);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
    throw new Deno.errors.AddrInUse(`Address already in use: ${hostname}:${port}`, { cause });
  }
}
