import { Problem, problemTypes } from "platform/problem";
import { stretchBytes } from "./client_patience.ts";
import { gatewayProblems } from "./problems.ts";
import { checkFraming } from "./request_framing.ts";

/** A body as it goes on to the service. One that is whole can be sent again. */
export type ForwardedBody =
  | { readonly kind: "none" }
  | { readonly kind: "whole"; readonly bytes: Uint8Array<ArrayBuffer> }
  | StreamedBody;

interface StreamedBody {
  readonly kind: "stream";
  readonly stream: ReadableStream<Uint8Array>;
  /** Why the stream failed, when that was the client's doing. */
  fault?: Problem;
}

export interface BodyLimits {
  readonly bytesMax: number;
  /** How long the client may take for each piece. */
  readonly pieceTimeoutMs: number;
  /** How long we wait for the client, all in all, for each {@linkcode stretchBytes}. */
  readonly stretchTimeoutMs: number;
}

/** Bodies up to this size are read whole before the service is asked: most are, and a slow client then costs it nothing. */
export const wholeBytesMax = 65_536;

type Bytes = Uint8Array<ArrayBuffer>;
type Piece = ReadableStreamReadResult<Bytes>;

/**
 * Takes the body of a request. What does not fit in {@linkcode wholeBytesMax} becomes a stream that counts on
 * and fails where a limit is met; `fault` then holds the problem.
 *
 * @throws {Problem} `content-too-large`, `request-timeout`, `broken-body`, `odd-framing`
 */
export async function takeBody(
  request: Request,
  limits: BodyLimits,
): Promise<ForwardedBody> {
  if (!request.body || request.method === "GET" || request.method === "HEAD") {
    return { kind: "none" };
  }
  checkFraming(request.headers);
  const reader = new PieceReader(request.body as ReadableStream<Bytes>, limits);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  while (length <= wholeBytesMax) {
    const piece = await reader.next();
    if (piece.done) return { kind: "whole", bytes: concat(pieces, length) };
    pieces.push(piece.value);
    length += piece.value.byteLength;
    if (length > limits.bytesMax) throw reader.tooLarge();
  }
  return streamOn(reader, { pieces, length, limits });
}

interface Begun {
  readonly pieces: Uint8Array<ArrayBuffer>[];
  readonly length: number;
  readonly limits: BodyLimits;
}

function streamOn(
  reader: PieceReader,
  { pieces, length, limits }: Begun,
): StreamedBody {
  let total = length;
  const next = async (): Promise<Piece> => {
    const begun = pieces.shift();
    if (begun) return { done: false, value: begun };
    const piece = await reader.next();
    total += piece.value?.byteLength ?? 0;
    if (total > limits.bytesMax) throw reader.tooLarge();
    return piece;
  };
  const body: StreamedBody = {
    kind: "stream",
    stream: new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const piece = await next();
          if (piece.done) controller.close();
          else controller.enqueue(piece.value);
        } catch (thrown) {
          if (thrown instanceof Problem) body.fault = thrown;
          controller.error(thrown);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    }, { highWaterMark: 0 }),
  };
  return body;
}

/** Reads a body piece by piece, and waits for the client no longer than its limits say. */
class PieceReader {
  readonly #reader: ReadableStreamDefaultReader<Bytes>;
  readonly #limits: BodyLimits;
  /** Of the stretch that is being read: what has come, and how long the client let us wait for it. */
  #stretch = { bytes: 0, waitedMs: 0 };

  constructor(stream: ReadableStream<Bytes>, limits: BodyLimits) {
    this.#reader = stream.getReader();
    this.#limits = limits;
  }

  /** @throws {Problem} `request-timeout`, `broken-body` */
  async next(): Promise<Piece> {
    const { pieceTimeoutMs, stretchTimeoutMs } = this.#limits;
    const begunMs = performance.now();
    let isLate = false;
    const deadline = setTimeout(() => {
      isLate = true;
      // A failed cancel leaves the read below to fail by itself.
      void this.cancel();
    }, Math.min(pieceTimeoutMs, stretchTimeoutMs - this.#stretch.waitedMs));
    try {
      const piece = await this.#reader.read();
      if (isLate) throw new Problem(problemTypes.requestTimeout);
      this.#count(piece.value?.byteLength ?? 0, performance.now() - begunMs);
      return piece;
    } catch (cause) {
      if (cause instanceof Problem) throw cause;
      throw new Problem(gatewayProblems.brokenBody, { cause });
    } finally {
      clearTimeout(deadline);
    }
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#reader.cancel(reason).catch(() => {});
  }

  /** Lets the rest of the body go to whoever discards it. */
  tooLarge(): Problem {
    this.#reader.releaseLock();
    return new Problem(problemTypes.contentTooLarge);
  }

  #count(bytes: number, waitedMs: number): void {
    this.#stretch.bytes += bytes;
    this.#stretch.waitedMs += waitedMs;
    if (this.#stretch.bytes >= stretchBytes) this.#stretch = { bytes: 0, waitedMs: 0 };
  }
}

function concat(
  pieces: readonly Uint8Array<ArrayBuffer>[],
  length: number,
): Uint8Array<ArrayBuffer> {
  const [only] = pieces;
  if (only && pieces.length === 1) return only;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
