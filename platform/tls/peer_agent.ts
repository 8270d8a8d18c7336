import type { ClientRequest, ClientRequestArgs } from "node:http";
import { Agent } from "node:https";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { type ConnectionPolicy, verifiedSocket } from "./verified_socket.ts";

/** Less than a server's `idleTimeoutMs`, so that the client lets go first. */
const idleTimeoutMs = 30_000;
const connectionsMax = 128;
const idleConnectionsMax = 32;

/** Keeps connections alive, each to a server that was verified before it heard a word of us. */
export class PeerAgent extends Agent {
  readonly #policy: ConnectionPolicy;
  readonly #isGreeted = new WeakSet<TLSSocket>();
  /** With the host that each was opened for. */
  readonly #open = new Map<TLSSocket, string>();

  constructor(policy: ConnectionPolicy) {
    // No cached sessions: a resumed one shows the certificate of the past, not of whoever answers now.
    super({
      keepAlive: true,
      maxSockets: connectionsMax,
      maxFreeSockets: idleConnectionsMax,
      maxCachedSessions: 0,
    });
    this.#policy = policy;
  }

  override createConnection(
    { host, port }: ClientRequestArgs,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): Duplex {
    const socket: TLSSocket = verifiedSocket({
      policy: this.#policy,
      host: host ?? "",
      port: Number(port),
      onSettled: (error) => {
        if (!error) this.#isGreeted.add(socket);
        callback?.(error, socket);
      },
    });
    this.#track(socket, host ?? "");
    // The types know only the immediate way; without a socket the agent waits for the callback.
    return undefined as unknown as Duplex;
  }

  override keepSocketAlive(socket: Duplex): boolean {
    (socket as TLSSocket).setTimeout(idleTimeoutMs);
    return super.keepSocketAlive(socket) as unknown as boolean;
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    (socket as TLSSocket).setTimeout(0);
    super.reuseSocket(socket, request);
    // Told that the connection is used, the runtime sends a request that fails a second time by itself, be
    // it a POST that we gave up on (denoland/deno#36786). What may be sent again is for us to say.
    request.reusedSocket = false;
  }

  /** Cuts connections whose server would not be let through today. */
  recheck(): void {
    for (const [socket, host] of this.#open) {
      // One that is still in its handshake is verified at its end.
      if (!this.#isGreeted.has(socket)) continue;
      try {
        this.#policy.verify(socket, host);
      } catch (thrown) {
        socket.destroy(thrown as Error);
      }
    }
  }

  dropIdle(): void {
    for (const sockets of Object.values(this.freeSockets)) {
      for (const socket of [...sockets ?? []]) socket.destroy();
    }
  }

  /** Cuts everything. Resolves when all is closed. */
  async cut(): Promise<void> {
    const closed = [...this.#open.keys()].map((socket) =>
      new Promise<void>((resolve) => socket.once("close", () => resolve()))
    );
    this.destroy();
    for (const socket of this.#open.keys()) socket.destroy();
    await Promise.all(closed);
  }

  #track(socket: TLSSocket, host: string): void {
    this.#open.set(socket, host);
    socket.once("close", () => this.#open.delete(socket));
    socket.once("timeout", () => socket.destroy());
  }
}
