import { connect, createServer, type Socket } from "node:net";
import { closable } from "./closable.ts";

/** A network between clients and a server, which can be cut. */
export interface Link extends AsyncDisposable {
  /** Where clients reach the server. */
  readonly port: number;
  /** From now on nothing arrives, in either direction, and no connection is refused or closed for it. */
  cut(): void;
  /** What was under way arrives, and connections go on where they were. */
  mend(): void;
}

/** Opens a link on `port` to a server on `serverPort`, both on loopback. */
export async function openLink(port: number, serverPort: number): Promise<Link> {
  const pairs = new Set<Pair>();
  let isCut = false;
  const server = createServer({ pauseOnConnect: true }, (client) => {
    const pair = new Pair(client, serverPort, () => pairs.delete(pair));
    pairs.add(pair);
    if (!isCut) pair.mend();
  });
  const close = closable(server);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    port,
    cut() {
      isCut = true;
      for (const pair of pairs) pair.cut();
    },
    mend() {
      isCut = false;
      for (const pair of pairs) pair.mend();
    },
    [Symbol.asyncDispose]: close,
  };
}

/** The two connections of which one is made. */
class Pair {
  readonly #client: Socket;
  readonly #serverPort: number;
  readonly #onEnd: () => void;
  #server: Socket | undefined;

  constructor(client: Socket, serverPort: number, onEnd: () => void) {
    this.#client = client;
    this.#serverPort = serverPort;
    this.#onEnd = onEnd;
    client.on("error", () => this.end()).on("close", () => this.end());
  }

  cut(): void {
    if (!this.#server) return;
    this.#client.unpipe(this.#server).pause();
    this.#server.unpipe(this.#client).pause();
  }

  mend(): void {
    this.#server ??= connect(this.#serverPort, "127.0.0.1")
      .on("error", () => this.end()).on("close", () => this.end());
    this.#client.pipe(this.#server);
    this.#server.pipe(this.#client);
  }

  end(): void {
    this.#client.destroy();
    this.#server?.destroy();
    this.#onEnd();
  }
}
