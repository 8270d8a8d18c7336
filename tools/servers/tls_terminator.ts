import { connect } from "node:net";
import { createServer } from "node:tls";
import { closable } from "./closable.ts";

/**
 * Takes TLS on `port` and hands what comes on to `plainPort` on loopback. For servers without TLS.
 *
 * Disposal cuts every connection, those in the middle of their handshake too: a client can hold nothing up.
 */
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
  const server = createServer({ cert: texts[0], key: texts[1] }, (socket) => {
    const plain = connect(plainPort, "127.0.0.1");
    const end = () => {
      socket.destroy();
      plain.destroy();
    };
    for (const side of [socket, plain]) side.on("error", end).on("close", end);
    socket.pipe(plain);
    plain.pipe(socket);
  });
  const close = closable(server);
  // A client that gives up during its handshake is no fault of ours.
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(port, hostname, resolve));
  return { [Symbol.asyncDispose]: close };
}
