import type { Server, Socket } from "node:net";

/**
 * Has `server` be closable although its clients are not done: Node's own `close` waits for each of them, and
 * for a handshake that does not go on it waits for ever.
 *
 * To be called before the server listens.
 *
 * @returns what stops listening, cuts every connection and resolves when all are gone.
 */
export function closable(server: Server): () => Promise<void> {
  const open = new Set<Socket>();
  let isClosing = false;
  server.on("connection", (connection: Socket) => {
    if (isClosing) return connection.destroy();
    open.add(connection);
    connection.on("close", () => open.delete(connection));
  });
  return async () => {
    isClosing = true;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of open) connection.destroy();
    await closed;
  };
}
