import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { clientNetwork } from "platform/http";
import type { ServerLimits } from "./server_limits.ts";

type Deadline = ReturnType<typeof setTimeout>;

/** Who is connected at all, and until when each must have finished its TLS handshake. */
export class Admission {
  readonly #limits: ServerLimits;
  readonly #onFull: () => void;
  readonly #sockets = new Set<Socket>();
  /** How many connections each network has. */
  readonly #networks = new Map<string, number>();
  /** By the client's address and port, which its TLS socket shares. */
  readonly #handshakes = new Map<string, { socket: Socket; deadline: Deadline }>();
  #isClosed = false;
  #isFull = false;
  #onEmpty = () => {};

  /** @param onFull called once each time the server becomes full. */
  constructor(limits: ServerLimits, onFull: () => void) {
    this.#limits = limits;
    this.#onFull = onFull;
  }

  /** Takes up a new TCP connection, or closes it when there is no room. */
  admit(socket: Socket): void {
    const network = clientNetwork(socket.remoteAddress ?? "");
    if (this.#isClosed || !this.#hasRoom(network)) return void socket.destroy();
    const client = endpointOf(socket);
    // The TLS library reports a handshake that takes too long, but leaves its connection open.
    const deadline = setTimeout(() => socket.destroy(), this.#limits.handshakeTimeoutMs);
    this.#sockets.add(socket);
    this.#count(network, 1);
    this.#handshakes.set(client, { socket, deadline });
    // It may belong to a later connection by the time this one is gone: hence no look-up by `client`.
    socket.once("close", () => {
      clearTimeout(deadline);
      this.#sockets.delete(socket);
      this.#count(network, -1);
      if (this.#handshakes.get(client)?.socket === socket) this.#handshakes.delete(client);
      if (this.#sockets.size === 0) this.#onEmpty();
    });
  }

  /** Lifts the deadline of a finished handshake. @returns false when it came too late. */
  finish(client: TLSSocket): boolean {
    const handshake = this.#handshakes.get(endpointOf(client));
    if (!handshake) return false;
    clearTimeout(handshake.deadline);
    this.#handshakes.delete(endpointOf(client));
    return !this.#isClosed;
  }

  /** Admits nobody from here on, and breaks off the handshakes under way. */
  close(): void {
    this.#isClosed = true;
    for (const { socket } of this.#handshakes.values()) socket.destroy();
  }

  /** Resolves when nobody is connected. */
  async empty(): Promise<void> {
    if (this.#sockets.size > 0) await new Promise<void>((resolve) => this.#onEmpty = resolve);
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #count(network: string, change: 1 | -1): void {
    const connections = (this.#networks.get(network) ?? 0) + change;
    if (connections === 0) this.#networks.delete(network);
    else this.#networks.set(network, connections);
  }

  #hasRoom(network: string): boolean {
    const ofNetwork = this.#networks.get(network) ?? 0;
    if (ofNetwork >= this.#limits.connectionsPerNetworkMax) return false;
    const wasFull = this.#isFull;
    this.#isFull = this.#sockets.size >= this.#limits.connectionsMax;
    if (this.#isFull && !wasFull) this.#onFull();
    return !this.#isFull;
  }
}

function endpointOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}|${remotePort}`;
}
