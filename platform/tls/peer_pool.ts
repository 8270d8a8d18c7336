import type { TLSSocket } from "node:tls";
import { PeerConnection } from "./peer_connection.ts";
import { type ConnectionPolicy, verifiedSocket } from "./verified_socket.ts";

/** To one server. As many may idle: a burst that needed them comes again. */
const connectionsMax = 128;

/** Who needs a connection. Told once, unless it is abandoned before. */
export interface Waiter {
  readonly resolve: (connection: PeerConnection) => void;
  readonly reject: (cause: unknown) => void;
}

/** Where a server listens. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** The connections to one server. */
interface Origin extends ServerAddress {
  readonly idle: PeerConnection[];
  readonly waiting: Set<Waiter>;
  connecting: number;
  open: number;
}

/** Keeps connections alive, each to a server that was verified before it heard a word of us. */
export class PeerPool {
  readonly #policy: ConnectionPolicy;
  readonly #timeoutMs: number;
  readonly #origins = new Map<string, Origin>();
  /** All of them, those in their handshake included. */
  readonly #sockets = new Set<TLSSocket>();
  readonly #verified = new Set<PeerConnection>();
  #isRetired = false;

  /** @param timeoutMs of the clock that each connection has. */
  constructor(policy: ConnectionPolicy, timeoutMs: number) {
    this.#policy = policy;
    this.#timeoutMs = timeoutMs;
  }

  get isEmpty(): boolean {
    return this.#sockets.size === 0;
  }

  /** One that idles, if there is one. */
  idle(target: ServerAddress): PeerConnection | undefined {
    const { idle } = this.#originOf(target);
    for (let last = idle.pop(); last; last = idle.pop()) if (last.isOpen) return last;
    return undefined;
  }

  /** Gives `waiter` the first connection that is free: a new one, unless there are as many as may be. */
  acquire(waiter: Waiter, target: ServerAddress): void {
    const origin = this.#originOf(target);
    origin.waiting.add(waiter);
    this.#connect(origin);
  }

  abandon(waiter: Waiter, target: ServerAddress): void {
    this.#originOf(target).waiting.delete(waiter);
  }

  /** Takes back a connection that may serve another request. */
  release(connection: PeerConnection, target: ServerAddress): void {
    connection.release();
    this.#offer(connection, this.#originOf(target));
  }

  /** Cuts connections whose server would not be let through today. */
  recheck(): void {
    for (const connection of this.#verified) {
      try {
        this.#policy.verify(connection.socket, connection.host);
      } catch (thrown) {
        connection.destroy(thrown);
      }
    }
  }

  dropIdle(): void {
    for (const { idle } of this.#origins.values()) {
      for (const connection of idle.splice(0)) connection.destroy();
    }
  }

  /** Lets requests in flight finish, and keeps no connection after them. */
  retire(): void {
    this.#isRetired = true;
    this.dropIdle();
  }

  /** Cuts everything. Resolves when all is closed. */
  async cut(): Promise<void> {
    const sockets = [...this.#sockets];
    const closed = sockets.map((socket) =>
      new Promise<void>((resolve) => socket.once("close", () => resolve()))
    );
    this.#isRetired = true;
    for (const { waiting } of this.#origins.values()) {
      for (const { reject } of waiting) reject(new Error("The client was closed"));
      waiting.clear();
    }
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  }

  #originOf({ host, port }: ServerAddress): Origin {
    const name = `${host}|${port}`;
    const known = this.#origins.get(name);
    if (known) return known;
    const origin = { host, port, idle: [], waiting: new Set<Waiter>(), connecting: 0, open: 0 };
    this.#origins.set(name, origin);
    return origin;
  }

  #offer(connection: PeerConnection, origin: Origin): void {
    if (!connection.isOpen) return;
    const [waiter] = origin.waiting.size > 0 ? origin.waiting : [];
    if (waiter) {
      origin.waiting.delete(waiter);
      waiter.resolve(connection);
    } else if (this.#isRetired) connection.destroy();
    else origin.idle.push(connection);
  }

  /** As many as there are waiters, and never more than there may be. */
  #connect(origin: Origin): void {
    const { waiting, host, port } = origin;
    if (origin.connecting >= waiting.size || origin.open >= connectionsMax) return;
    origin.connecting += 1;
    origin.open += 1;
    const socket: TLSSocket = verifiedSocket({
      policy: this.#policy,
      host,
      port,
      onSettled: (error, reads) => {
        origin.connecting -= 1;
        if (error) return this.#refuse(origin, error);
        const connection = new PeerConnection({
          socket,
          reads: reads!,
          host,
          timeoutMs: this.#timeoutMs,
          onClosed: (closed) => this.#forget(closed, origin),
        });
        this.#verified.add(connection);
        this.#offer(connection, origin);
      },
    });
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      origin.open -= 1;
      this.#connect(origin);
    });
  }

  #refuse({ waiting }: Origin, error: Error): void {
    const [waiter] = waiting;
    if (!waiter) return;
    waiting.delete(waiter);
    waiter.reject(error);
  }

  #forget(connection: PeerConnection, { idle }: Origin): void {
    this.#verified.delete(connection);
    const at = idle.indexOf(connection);
    if (at >= 0) idle.splice(at, 1);
  }
}
