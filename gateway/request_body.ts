import { Problem, problemTypes } from "platform/problem";
import { gatewayProblems } from "./problems.ts";

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
}

/** Bodies up to this size are read whole before the service is asked: most are, and a slow client then costs it nothing. */
export const wholeBytesMax = 65_536;

type Piece = ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;

/**
 * Takes the body of a request. What does not fit in {@linkcode wholeBytesMax} becomes a stream that counts on
 * and fails where a limit is met; `fault` then holds the problem.
 *
 * @throws {Problem} `content-too-large`, `request-timeout`, `broken-body`
 */
export async function takeBody(
  request: Request,
  limits: BodyLimits,
): Promise<ForwardedBody> {
  if (!request.body || request.method === "GET" || request.method === "HEAD") {
    return { kind: "none" };
  }
  const reader = (request.body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  while (length <= wholeBytesMax) {
    const piece = await nextPiece(reader, limits);
    if (piece.done) return { kind: "whole", bytes: concat(pieces, length) };
    pieces.push(piece.value);
    length += piece.value.byteLength;
    if (length > limits.bytesMax) throw tooLarge(reader);
  }
  return streamOn(reader, { pieces, length, limits });
}

interface Begun {
  readonly pieces: Uint8Array<ArrayBuffer>[];
  readonly length: number;
  readonly limits: BodyLimits;
}

function streamOn(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  { pieces, length, limits }: Begun,
): StreamedBody {
  let total = length;
  const next = async (): Promise<Piece> => {
    const begun = pieces.shift();
    if (begun) return { done: false, value: begun };
    const piece = await nextPiece(reader, limits);
    total += piece.value?.byteLength ?? 0;
    if (total > limits.bytesMax) throw tooLarge(reader);
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
      cancel: (reason) => reader.cancel(reason).catch(() => {}),
    }, { highWaterMark: 0 }),
  };
  return body;
}

async function nextPiece(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  { pieceTimeoutMs }: BodyLimits,
): Promise<Piece> {
  let isLate = false;
  const deadline = setTimeout(() => {
    isLate = true;
    // A failed cancel leaves the read below to fail by itself.
    reader.cancel().catch(() => {});
  }, pieceTimeoutMs);
  try {
    const piece = await reader.read();
    if (isLate) throw new Problem(problemTypes.requestTimeout);
    return piece;
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw new Problem(gatewayProblems.brokenBody, { cause });
  } finally {
    clearTimeout(deadline);
  }
}

/** Lets the rest of the body go to whoever discards it. */
function tooLarge(reader: ReadableStreamDefaultReader<Uint8Array>): Problem {
  reader.releaseLock();
  return new Problem(problemTypes.contentTooLarge);
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
