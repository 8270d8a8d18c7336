import type { TLSSocket } from "node:tls";

/** Resolves when more can be written to `socket`, or it is gone. */
export function drainOf(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
    if (socket.destroyed) done();
  });
}
