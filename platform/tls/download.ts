import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { nativeReadsOf } from "./native_reads.ts";

export interface DownloadOptions {
  /** Of the request: the answer to HEAD has no body. */
  readonly method: string;
  /** The caller's: when it has fired, its reason is why a body breaks off. */
  readonly signal: AbortSignal | undefined;
  /** How long the next piece may take. */
  readonly stallTimeoutMs: number;
  /** Closes the connection: nobody wants the rest. */
  readonly abandon: (reason: unknown) => void;
  /** Called once, when nothing more will come. */
  readonly onEnd: () => void;
}

/** Read ahead of the reader: a small answer that nobody reads must not keep its connection. */
const bufferBytes = 65_536;
/** Statuses whose response has no body (RFC 9110). */
const bodyless = new Set([204, 205, 304]);

/** The response as `fetch` gives it: nothing decoded, repeated headers kept, the body as it arrives. */
export function incomingResponse(incoming: IncomingMessage, options: DownloadOptions): Response {
  const status = incoming.statusCode ?? 0;
  const headers = new Headers();
  const raw = incoming.rawHeaders;
  for (let at = 0; at + 1 < raw.length; at += 2) headers.append(raw[at]!, raw[at + 1]!);
  const init = { status, statusText: incoming.statusMessage ?? "", headers };
  if (!bodyless.has(status) && options.method !== "HEAD") {
    return new Response(downloadOf(incoming, options), init);
  }
  incoming.once("close", options.onEnd);
  incoming.resume();
  return new Response(null, init);
}

/** The body, read from the network no faster than it is read from the stream. */
export function downloadOf(
  incoming: IncomingMessage,
  { signal, stallTimeoutMs, abandon, onEnd }: DownloadOptions,
): ReadableStream<Uint8Array> {
  const reads = nativeReadsOf(incoming.socket as TLSSocket);
  let stall: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const finish = (act: () => void) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(stall);
    onEnd();
    act();
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      incoming.on("data", (chunk: Uint8Array) => {
        clearTimeout(stall);
        if (isOver) return;
        // A copy by reference, typed anew: consumers compare and decode plain bytes.
        controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        if ((controller.desiredSize ?? 0) > 0) return;
        incoming.pause();
        // Pausing a TLS socket alone goes on reading into memory.
        reads?.readStop();
      });
      incoming.once("end", () => finish(() => controller.close()));
      const broken = (cause?: unknown) =>
        finish(() => controller.error(signal?.aborted ? signal.reason : brokenOff(cause)));
      incoming.once("error", broken);
      incoming.once("close", () => broken());
    },
    pull(controller) {
      if (isOver) return;
      clearTimeout(stall);
      stall = setTimeout(() => {
        const reason = new DOMException("The response stopped arriving", "TimeoutError");
        finish(() => controller.error(reason));
        abandon(reason);
      }, stallTimeoutMs);
      reads?.readStart();
      incoming.resume();
    },
    cancel(reason) {
      finish(() => abandon(reason));
    },
  }, { highWaterMark: bufferBytes, size: (chunk) => chunk.byteLength });
}

function brokenOff(cause: unknown): TypeError {
  return new TypeError("Cannot read response: it broke off", { cause });
}
