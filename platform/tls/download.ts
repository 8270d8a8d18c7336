import type { PeerConnection } from "./peer_connection.ts";

/** Read ahead of the reader, who may never come. */
const bufferBytes = 65_536;

/** A body on its way, read from the network no faster than it is read from `stream`. */
export class Download {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #connection: PeerConnection;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #isOver = false;

  /** @param onUnwanted called when the reader wants no more. */
  constructor(connection: PeerConnection, onUnwanted: () => void) {
    this.#connection = connection;
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#wait(),
      cancel: () => {
        this.#isOver = true;
        onUnwanted();
      },
    }, { highWaterMark: bufferBytes, size: (chunk) => chunk.byteLength });
  }

  push(piece: Uint8Array): void {
    if (this.#isOver) return;
    this.#connection.stopClock();
    this.#controller.enqueue(piece);
    if ((this.#controller.desiredSize ?? 0) <= 0) this.#connection.hold();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller.close();
  }

  fail(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller.error(reason);
  }

  #wait(): void {
    if (this.#isOver) return;
    this.#connection.startClock();
    this.#connection.flow();
  }
}
