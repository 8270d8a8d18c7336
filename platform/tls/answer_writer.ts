import {
  type AnswerFraming,
  answerHead,
  dateNow,
  lookAt,
  type Piece,
  wholeBody,
  type Wire,
  wirePiece,
} from "platform/http1";

/** Where an answer goes. */
export interface AnswerSink {
  /** Whether somebody is still there to be answered. */
  readonly isOpen: boolean;
  /** @returns false when the caller should wait for `drained`. */
  write(wire: Wire): boolean;
  /** Resolves when more can be written, or nobody is there any more. */
  drained(): Promise<void>;
  /** Calls `act` when nobody is there any more. @returns what undoes that. */
  whenGone(act: () => void): () => void;
}

export interface Answering {
  readonly method: string;
  /** Whether the client understands chunks. */
  readonly isVersion11: boolean;
  /** Asked when the head goes out. */
  readonly mustClose: () => boolean;
}

const crlf = "\r\n";
const lastChunk = "0\r\n\r\n";

/**
 * Writes an answer, no faster than the client takes it, and not at all once the client has gone.
 *
 * @returns whether the connection may serve another request after it.
 * @throws what the body of the answer failed with, and `TypeError` when it has another length than its head told.
 */
export async function writeAnswer(
  response: Response,
  sink: AnswerSink,
  { method, isVersion11, mustClose }: Answering,
): Promise<boolean> {
  const { status, headers } = response;
  const write = (framing: AnswerFraming, bytes?: Uint8Array): boolean => {
    const closes = mustClose() || framing.kind === "until_close";
    const head = answerHead({ status, headers, framing, closes }, dateNow());
    if (sink.isOpen) sink.write(bytes ? wirePiece(head, bytes) : head);
    return !closes;
  };
  const isBodiless = method === "HEAD" || status === 204 || status === 304;
  const whole = isBodiless ? undefined : wholeBody(response);
  if (whole) return write({ kind: "length", bytes: whole.length }, whole);
  const { body } = response;
  if (isBodiless) {
    body?.cancel().catch(() => {});
    return write({ kind: "none" });
  }
  if (!body) return write({ kind: "length", bytes: 0 });
  const found = await lookAt(body);
  if (found.kind === "whole") {
    return write({ kind: "length", bytes: found.bytes.length }, found.bytes);
  }
  const told = headers.get("content-length");
  const bodyBytes = told !== null && /^\d{1,15}$/.test(told) ? Number(told) : undefined;
  const framing = framingOf(bodyBytes, isVersion11);
  const isKept = write(framing);
  const { begun, next, reader } = found;
  await new BodyWriter(sink, framing).write(begun, next, reader);
  return isKept;
}

function framingOf(bytes: number | undefined, isVersion11: boolean): AnswerFraming {
  if (bytes !== undefined) return { kind: "length", bytes };
  return isVersion11 ? { kind: "chunked" } : { kind: "until_close" };
}

class BodyWriter {
  readonly #sink: AnswerSink;
  readonly #framing: AnswerFraming;
  #sentBytes = 0;

  constructor(sink: AnswerSink, framing: AnswerFraming) {
    this.#sink = sink;
    this.#framing = framing;
  }

  async write(
    begun: readonly Uint8Array[],
    next: Promise<Piece>,
    reader: ReadableStreamDefaultReader<Uint8Array>,
  ): Promise<void> {
    // A body may have nothing more to say for ever.
    const undo = this.#sink.whenGone(() => void reader.cancel().catch(() => {}));
    try {
      for (const piece of begun) await this.#send(piece);
      for (let piece = await next; !piece.done; piece = await reader.read()) {
        await this.#send(piece.value);
      }
    } catch (thrown) {
      reader.cancel(thrown).catch(() => {});
      throw thrown;
    } finally {
      undo();
    }
    if (!this.#sink.isOpen) return;
    if (this.#framing.kind === "chunked") this.#sink.write(lastChunk);
    else if (this.#framing.kind === "length" && this.#sentBytes < this.#framing.bytes) {
      throw wrongLength();
    }
  }

  async #send(piece: Uint8Array): Promise<void> {
    // An empty chunk would be the last one.
    if (piece.length === 0) return;
    this.#sentBytes += piece.length;
    if (this.#framing.kind === "length" && this.#sentBytes > this.#framing.bytes) {
      throw wrongLength();
    }
    if (!this.#write(piece)) await this.#sink.drained();
    if (!this.#sink.isOpen) throw new TypeError("Cannot send answer: its client has gone");
  }

  #write(piece: Uint8Array): boolean {
    if (!this.#sink.isOpen) return true;
    if (this.#framing.kind !== "chunked") return this.#sink.write(piece);
    this.#sink.write(`${piece.length.toString(16)}\r\n`);
    this.#sink.write(piece);
    return this.#sink.write(crlf);
  }
}

function wrongLength(): TypeError {
  return new TypeError("Cannot send answer: its body has not the length of its content-length");
}
