/** Announced lengths up to this are read whole, and go out in one write with their headers. */
export const wholeBytesMax = 65_536;

/** Whether an answer of this kind has no body, whatever its headers say (RFC 9110, section 6.4.1). */
export function isBodiless(method: string, status: number): boolean {
  return method === "HEAD" || status === 204 || status === 205 || status === 304;
}

export interface StreamEnds {
  /** How long the service may take for each piece. */
  readonly pieceTimeoutMs: number;
  /** How long the client may take to make room for the next: it holds a connection to the service meanwhile. */
  readonly readerTimeoutMs: number;
  /** Called once, when nothing more will be read. With a reason when the service must be told to stop. */
  onEnd(reason?: unknown): void;
}

/**
 * `body`, piece by piece as it is asked for, and no faster. It fails when a piece takes too long,
 * so that the client sees that the answer is not whole, and when the client takes too long for one.
 */
export function paced(
  body: ReadableStream<Uint8Array>,
  { pieceTimeoutMs, readerTimeoutMs, onEnd }: StreamEnds,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let reading: ReturnType<typeof setTimeout> | undefined;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      clearTimeout(reading);
      const deadline = setTimeout(() => {
        onEnd(new DOMException("The response stalled", "TimeoutError"));
      }, pieceTimeoutMs);
      try {
        const piece = await reader.read();
        if (!piece.done) {
          controller.enqueue(piece.value);
          reading = setTimeout(() => {
            const late = new DOMException("The client stalled", "TimeoutError");
            onEnd(late);
            controller.error(late);
          }, readerTimeoutMs);
          return;
        }
        onEnd();
        controller.close();
      } catch (thrown) {
        onEnd(thrown);
        controller.error(thrown);
      } finally {
        clearTimeout(deadline);
      }
    },
    async cancel(reason) {
      clearTimeout(reading);
      onEnd(reason);
      await reader.cancel(reason).catch(() => {});
    },
  }, { highWaterMark: 0 });
}
