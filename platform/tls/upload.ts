import type { ClientRequest } from "node:http";

/**
 * Writes `body` to `request` and ends it, no faster than the server takes it.
 *
 * @throws {TypeError} when the body has not the length that `content-length` promised:
 *   what came after it would be read as the next request.
 */
export async function upload(
  request: ClientRequest,
  body: ReadableStream<Uint8Array>,
  promisedBytes: number | undefined,
): Promise<void> {
  let sentBytes = 0;
  for await (const chunk of body) {
    sentBytes += chunk.length;
    if (promisedBytes !== undefined && sentBytes > promisedBytes) throw wrongLength();
    if (!request.write(chunk)) await drained(request);
    if (request.destroyed) return;
  }
  if (promisedBytes !== undefined && sentBytes !== promisedBytes) throw wrongLength();
  request.end();
}

function wrongLength(): TypeError {
  return new TypeError("Cannot send request: its body has not the length of its content-length");
}

function drained(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      request.off("drain", done);
      request.off("close", done);
      resolve();
    };
    request.on("drain", done);
    request.on("close", done);
    if (request.destroyed) done();
  });
}
