import type { PeerConnection } from "./peer_connection.ts";

const crlf = "\r\n";
const lastChunk = "0\r\n\r\n";

/**
 * Writes `body` behind a head that was written, no faster than the server takes it.
 *
 * @param promisedBytes what the head says of its length; undefined when it says that chunks follow.
 * @throws {TypeError} when the body has another length than was promised: what came after it would be read as
 *   the next request.
 */
export async function upload(
  connection: PeerConnection,
  body: ReadableStream<Uint8Array>,
  promisedBytes: number | undefined,
): Promise<void> {
  let sentBytes = 0;
  for await (const piece of body) {
    // An empty chunk would be the last one.
    if (piece.length === 0) continue;
    sentBytes += piece.length;
    if (promisedBytes !== undefined && sentBytes > promisedBytes) throw wrongLength();
    if (!write(connection, piece, promisedBytes === undefined)) await connection.drained();
    if (!connection.isOpen) return;
  }
  if (promisedBytes === undefined) connection.write(lastChunk);
  else if (sentBytes !== promisedBytes) throw wrongLength();
}

function write(connection: PeerConnection, piece: Uint8Array, isChunk: boolean): boolean {
  if (!isChunk) return connection.write(piece);
  connection.write(`${piece.length.toString(16)}\r\n`);
  connection.write(piece);
  return connection.write(crlf);
}

function wrongLength(): TypeError {
  return new TypeError("Cannot send request: its body has not the length of its content-length");
}
