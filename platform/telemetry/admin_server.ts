export interface AdminServer extends AsyncDisposable {
  readonly port: number;
  /** `/readyz` says yes until the returned handle is disposed of. */
  declareReady(): Disposable;
}

/** Probes in plain HTTP, on a loopback port of their own: a prober need not hold a certificate. */
export function serveAdmin(
  { hostname, port }: { readonly hostname: string; readonly port: number },
): AdminServer {
  let ready = false;
  const server = listen({ hostname, port }, ({ url }) => {
    switch (new URL(url).pathname) {
      case "/livez":
        return new Response(null, { status: 204 });
      case "/readyz":
        return new Response(null, { status: ready ? 204 : 503 });
      default:
        return new Response(null, { status: 404 });
    }
  });
  return {
    port: server.addr.port,
    declareReady() {
      ready = true;
      return { [Symbol.dispose]: () => void (ready = false) };
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** As `Deno.serve`, whose own error does not say which port it is that is in use. */
function listen(
  { hostname, port }: { readonly hostname: string; readonly port: number },
  handler: (request: Request) => Response,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname, port, onListen() {} }, handler);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
    throw new Deno.errors.AddrInUse(`Address already in use: ${hostname}:${port}`, { cause });
  }
}
