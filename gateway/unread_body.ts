export interface LingerLimits {
  readonly bytesMax: number;
  readonly timeoutMs: number;
}

/** Enough to be polite to a client that sent by mistake; not enough to be of use to one that means harm. */
export const lingerLimits: LingerLimits = { bytesMax: 16 * 1024 ** 2, timeoutMs: 3_000 };

/**
 * Reads what is left of a body that nobody wants, and drops it. An answer that leaves while a client is
 * still sending is lost on the way to many: in HTTP/2 the stream is reset, in HTTP/1.1 the connection.
 *
 * Gives up at either limit, and then lets go of the body. Does nothing when somebody is reading it.
 */
export async function discardUnread(
  { body, headers }: Request,
  { bytesMax, timeoutMs }: LingerLimits = lingerLimits,
): Promise<void> {
  // A client that asks before it sends is told no instead.
  if (!body || body.locked || headers.has("expect")) return;
  const reader = body.getReader();
  const stop = () => void reader.cancel().catch(() => {});
  const deadline = setTimeout(stop, timeoutMs);
  try {
    let length = 0;
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      length += piece.value.byteLength;
      if (length > bytesMax) return stop();
    }
  } catch {
    // The client has gone: nobody is left to be answered.
  } finally {
    clearTimeout(deadline);
  }
}
