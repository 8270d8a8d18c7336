import { connect } from "node:net";
import { createServer, type TLSSocket } from "node:tls";

/** Takes TLS on `port` and hands what comes on to `plainPort` on loopback. For servers without TLS. */
export async function openTlsTerminator(
  { cert, key, hostname = "127.0.0.1", port, plainPort }: {
    readonly cert: string;
    readonly key: string;
    readonly hostname?: string;
    readonly port: number;
    readonly plainPort: number;
  },
): Promise<AsyncDisposable> {
  const texts = await Promise.all([Deno.readTextFile(cert), Deno.readTextFile(key)]);
  const open = new Set<TLSSocket>();
  const server = createServer({ cert: texts[0], key: texts[1] }, (socket) => {
    open.add(socket);
    const plain = connect(plainPort, "127.0.0.1");
    const end = () => {
      socket.destroy();
      plain.destroy();
      open.delete(socket);
    };
    for (const side of [socket, plain]) side.on("error", end).on("close", end);
    socket.pipe(plain);
    plain.pipe(socket);
  });
  // A client that gives up during its handshake is no fault of ours.
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(port, hostname, resolve));
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
