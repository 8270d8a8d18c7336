export interface BodyReader {
  /** The body is wanted, or more of it. */
  onWanted(): void;
  /** So much waits unread that no more should be taken from the network. */
  onFull(): void;
}

/** Bytes that may wait unread. */
const waitingBytesMax = 65_536;

/** A body that arrives piece by piece, whether anybody reads it or not. */
export class IncomingBody {
  readonly #reader: BodyReader;
  #pieces: Uint8Array[] = [];
  #waitingBytes = 0;
  #stream: ReadableStream<Uint8Array> | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** Whether the reader waits for the next piece. */
  #isPulled = false;
  #end: { readonly fault?: unknown } | undefined;

  constructor(reader: BodyReader) {
    this.#reader = reader;
  }

  /** Read from the network no faster than it is read from here. */
  get stream(): ReadableStream<Uint8Array> {
    return this.#stream ??= new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#give(),
      cancel: () => {
        this.#pieces = [];
        this.#end ??= {};
      },
    }, { highWaterMark: 0 });
  }

  push(piece: Uint8Array): void {
    if (this.#end || piece.length === 0) return;
    this.#pieces.push(piece);
    this.#waitingBytes += piece.length;
    if (this.#isPulled) this.#give();
    if (this.#waitingBytes >= waitingBytesMax) this.#reader.onFull();
  }

  close(): void {
    if (this.#end) return;
    this.#end = {};
    if (this.#isPulled) this.#give();
  }

  fail(fault: unknown): void {
    if (this.#end) return;
    this.#end = { fault };
    this.#pieces = [];
    this.#controller?.error(fault);
  }

  #give(): void {
    const piece = this.#pieces.shift();
    this.#isPulled = !piece && !this.#end;
    if (piece) {
      this.#waitingBytes -= piece.length;
      this.#controller!.enqueue(piece);
    } else if (!this.#end) this.#reader.onWanted();
    else if ("fault" in this.#end) this.#controller!.error(this.#end.fault);
    else this.#controller!.close();
  }
}
