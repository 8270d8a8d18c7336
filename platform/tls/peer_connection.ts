import type { TLSSocket } from "node:tls";
import { messageLimits, ResponseReader, type ResponseReceiver, type Wire } from "platform/http1";
import type { NativeReads } from "./native_reads.ts";
import { ReadValve } from "./read_valve.ts";
import { drainOf } from "./socket_drain.ts";
import { Stopwatch } from "./stopwatch.ts";

/** One request and its response, as a connection tells of them. */
export interface ConnectionUser extends ResponseReceiver {
  readonly method: string;
  /** The connection is gone, or has said what is no response. Nothing follows. */
  failed(cause: unknown): void;
  /** The clock that the user started has run out. */
  late(): void;
}

export interface PeerConnectionOptions {
  readonly socket: TLSSocket;
  /** Of `socket`. */
  readonly reads: NativeReads;
  readonly host: string;
  /** Of the clock that a user may start. */
  readonly timeoutMs: number;
  readonly onClosed: (connection: PeerConnection) => void;
}

/** Less than a server's `idleTimeoutMs`, so that the client lets go first. */
const idleTimeoutMs = 30_000;

/** A connection to a verified server. Serves one request after the other. */
export class PeerConnection {
  readonly host: string;
  readonly #socket: TLSSocket;
  readonly #valve: ReadValve;
  readonly #clock: Stopwatch;
  readonly #idle: Stopwatch;
  #user: ConnectionUser | undefined;
  #reader: ResponseReader | undefined;
  #uses = 0;
  #cause: unknown;

  constructor({ socket, reads, host, timeoutMs, onClosed }: PeerConnectionOptions) {
    this.host = host;
    this.#socket = socket;
    this.#valve = new ReadValve(socket, reads);
    this.#clock = new Stopwatch(timeoutMs, () => this.#user?.late());
    this.#idle = new Stopwatch(idleTimeoutMs, () => this.destroy());
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("end", () => this.destroy(new Error("The server closed the connection")));
    socket.on("error", (error) => this.#cause ??= error);
    socket.once("close", () => {
      this.#clock[Symbol.dispose]();
      this.#idle[Symbol.dispose]();
      onClosed(this);
      this.#fail(this.#cause ?? new Error("The connection was closed"));
    });
  }

  get socket(): TLSSocket {
    return this.#socket;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /** Whether it had served another request before the one it serves now. */
  get isUsed(): boolean {
    return this.#uses > 1;
  }

  /** Whether the server has begun to respond. */
  get isAnswering(): boolean {
    return this.#reader?.hasBegun ?? false;
  }

  /** Until `release`, what arrives is for `user`. */
  use(user: ConnectionUser): void {
    this.#uses += 1;
    this.#idle.stop();
    this.#user = user;
    this.#reader = new ResponseReader(user.method, messageLimits, user);
  }

  release(): void {
    this.#user = undefined;
    this.#reader = undefined;
    this.#clock.stop();
    this.#idle.start();
    this.flow();
  }

  /** @returns false when the caller should wait for `drained`. */
  write(wire: Wire): boolean {
    return !this.isOpen || this.#socket.write(wire, "latin1");
  }

  /** Resolves when more can be written, or the connection is gone. */
  drained(): Promise<void> {
    return drainOf(this.#socket);
  }

  startClock(): void {
    this.#clock.start();
  }

  stopClock(): void {
    this.#clock.stop();
  }

  /** Reads nothing more from the network until `flow`. */
  hold(): void {
    this.#valve.hold();
  }

  flow(): void {
    this.#valve.flow();
  }

  destroy(cause?: unknown): void {
    this.#cause ??= cause;
    this.#socket.destroy();
  }

  #take(bytes: Uint8Array): void {
    // Nobody has asked: it would be taken for the answer to the next request.
    if (!this.#reader) return this.destroy();
    try {
      this.#reader.feed(bytes);
    } catch (thrown) {
      this.#fail(thrown);
      this.destroy(thrown);
    }
  }

  #fail(cause: unknown): void {
    const user = this.#user;
    if (!user || this.#reader?.closed()) return;
    this.#user = undefined;
    user.failed(cause);
  }
}
