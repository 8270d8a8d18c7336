import { clearImmediate, setImmediate } from "node:timers";

/** A body of which everything is there already, or whose rest is still to come. */
export type AnswerBody =
  | { readonly kind: "whole"; readonly bytes: Uint8Array }
  | {
    readonly kind: "flowing";
    /** What was there already. */
    readonly begun: readonly Uint8Array[];
    readonly next: Promise<Piece>;
    readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  };

export type Piece = ReadableStreamReadResult<Uint8Array>;

/** Pieces looked at before a body counts as flowing. */
const begunMax = 4;

/**
 * Looks whether a body is already there, as it is when it was made of text or bytes: its length can be told then,
 * and it leaves in one write with its head. Waits for no other body than for one turn of the event loop.
 */
export async function lookAt(body: ReadableStream<Uint8Array>): Promise<AnswerBody> {
  const reader = body.getReader();
  const begun: Uint8Array[] = [];
  const turn = Promise.withResolvers<undefined>();
  const pending = setImmediate(() => turn.resolve(undefined));
  for (;;) {
    const next = reader.read();
    // Who writes the body on hears of its failure; until then nobody does.
    next.catch(() => {});
    const piece = await Promise.race([next, turn.promise]);
    if (piece?.done) {
      clearImmediate(pending);
      return { kind: "whole", bytes: joined(begun) };
    }
    if (!piece) return { kind: "flowing", begun, next, reader };
    begun.push(piece.value);
    if (begun.length === begunMax) {
      const following = reader.read();
      following.catch(() => {});
      return { kind: "flowing", begun, next: following, reader };
    }
  }
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const [only] = pieces;
  if (only && pieces.length === 1) return only as Uint8Array<ArrayBuffer>;
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
