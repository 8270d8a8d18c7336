import { Buffer } from "node:buffer";

/** Bodies up to this are cheaper as a part of the text than as a second piece. */
const joinedBytesMax = 16_384;

/** What a connection writes: text goes out one octet for each character. */
export type Wire = string | Uint8Array;

/** One octet for each character of `text`. */
export function wireBytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** `head` and the `body` behind it as one piece, for one write: a second could wait for an answer to the first. */
export function wirePiece(head: string, body: Uint8Array): Wire {
  if (body.length === 0) return head;
  if (body.length <= joinedBytesMax) return head + latin1(body);
  return Buffer.concat([wireBytes(head), body]);
}

/** One character for each octet. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
