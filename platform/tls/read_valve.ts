import type { TLSSocket } from "node:tls";
import type { NativeReads } from "./native_reads.ts";

/** Whether a connection's bytes are taken from the network: one that is held makes its peer wait. */
export class ReadValve {
  readonly #socket: TLSSocket;
  readonly #reads: NativeReads;
  #isHeld = false;

  /** @param reads of `socket`. */
  constructor(socket: TLSSocket, reads: NativeReads) {
    this.#socket = socket;
    this.#reads = reads;
  }

  hold(): void {
    if (this.#isHeld || this.#socket.destroyed) return;
    this.#isHeld = true;
    this.#socket.pause();
    // Pausing a TLS socket alone goes on reading into memory.
    this.#reads.readStop();
  }

  flow(): void {
    if (!this.#isHeld || this.#socket.destroyed) return;
    this.#isHeld = false;
    this.#reads.readStart();
    this.#socket.resume();
  }
}
