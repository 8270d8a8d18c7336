import type { ClientRequest, ClientRequestArgs } from "node:http";
import { Agent } from "node:https";
import type { Duplex } from "node:stream";
import tls, { type TLSSocket } from "node:tls";
import { nativeReadsOf } from "./native_reads.ts";

/** What a connection must be opened with, and what must hold before the first request byte goes out. */
export interface ConnectionPolicy {
  /** Asked anew for each connection, so that it sees the material in force. */
  options(host: string): tls.ConnectionOptions;
  /** When the connection must end, in ms from now. @throws when the server is not who it must be. */
  verify(socket: TLSSocket, host: string): number;
}

const connectTimeoutMs = 10_000;
/** Less than a server's `idleTimeoutMs`, so that the client lets go first. */
const idleTimeoutMs = 30_000;
const connectionsMax = 128;
const idleConnectionsMax = 32;
const timerMsMax = 2_147_483_647;

/** Keeps connections alive, each to a server that was verified before it heard a word of us. */
export class PeerAgent extends Agent {
  readonly #policy: ConnectionPolicy;
  readonly #isGreeted = new WeakSet<TLSSocket>();
  readonly #isOnUsed = new WeakSet<ClientRequest>();
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

  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  override createConnection(
    { host, port }: ClientRequestArgs,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): Duplex {
    const socket = tls.connect({
      ...this.#policy.options(host ?? ""),
      host: host ?? "",
      port: Number(port),
      ALPNProtocols: ["http/1.1"],
      rejectUnauthorized: true,
      // Reads names from unescaped text, which a certificate can forge: `verify` reads them from the DER.
      checkServerIdentity: () => undefined,
    });
    this.#track(socket, host ?? "");
    const settle = once((error: Error | null) => callback?.(error, socket));
    const deadline = setTimeout(() => {
      socket.destroy(new Error("Cannot connect: the TLS handshake took too long"));
    }, connectTimeoutMs);
    socket.once("secureConnect", () => {
      clearTimeout(deadline);
      this.#greet(socket, host ?? "", settle);
    });
    socket.on("error", settle);
    socket.once("close", () => {
      clearTimeout(deadline);
      settle(new Error("Cannot connect: the connection was closed in its handshake"));
    });
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
    this.#isOnUsed.add(request);
    // Told that the connection is used, the runtime sends a request that fails a second time by itself, be
    // it a POST that we gave up on (denoland/deno#36786). What may be sent again is for us to say.
    request.reusedSocket = false;
  }

  /** Whether `request` went out on a connection that had served others before. */
  isOnUsedConnection(request: ClientRequest): boolean {
    return this.#isOnUsed.has(request);
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

  /** Lets requests in flight finish, and keeps no connection after them. */
  retire(): void {
    (this as { keepAlive?: boolean }).keepAlive = false;
    this.dropIdle();
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
    socket.setNoDelay(true);
  }

  #greet(socket: TLSSocket, host: string, settle: (error: Error | null) => void): void {
    try {
      if (!nativeReadsOf(socket)) {
        throw new Error("Cannot connect: this runtime cannot hold back a download");
      }
      this.#isGreeted.add(socket);
      const endsInMs = Math.min(this.#policy.verify(socket, host), timerMsMax);
      const end = setTimeout(() => socket.destroy(), endsInMs);
      socket.once("close", () => clearTimeout(end));
      settle(null);
    } catch (thrown) {
      settle(thrown as Error);
      socket.destroy();
    }
  }
}

function once<Argument>(act: (argument: Argument) => void): (argument: Argument) => void {
  let isDone = false;
  return (argument) => {
    if (isDone) return;
    isDone = true;
    act(argument);
  };
}
