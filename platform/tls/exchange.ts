import {
  type BodyFraming,
  headerList,
  joined,
  plainResponse,
  type ResponseHead,
  wirePiece,
} from "platform/http1";
import { Download } from "./download.ts";
import { type OutgoingRequest, requestHead } from "./outgoing_request.ts";
import type { ConnectionUser, PeerConnection } from "./peer_connection.ts";
import type { PeerPool } from "./peer_pool.ts";
import { upload } from "./upload.ts";

/** A request failed before its response began. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";

  /**
   * @param isStale whether it failed on a kept-alive connection, and not a byte of a response had arrived: the
   *   server may have closed it unread.
   * @param isUnsent whether there was no connection at all to a server that was who it must be.
   */
  constructor(readonly isStale: boolean, readonly isUnsent: boolean, cause: unknown) {
    super("Cannot fetch: the connection failed", { cause });
  }
}

/** Announced lengths up to this are waited for: the head and such a body come together, nearly always. */
const wholeBytesMax = 65_536;
/** Statuses whose response has no body (RFC 9110). */
const bodyless = new Set([204, 205, 304]);

/**
 * Sends `outgoing` over one of the pool's connections and gives its response, as soon as its head is there, or
 * as soon as its body is there too when that is announced to be small.
 *
 * @param timeoutMs how long the head may take, connecting included, and then each piece of the body.
 * @throws {ExchangeError} when the connection fails, the signal's reason when it fires, and a
 *   `TimeoutError` when time is up.
 */
export function exchange(
  outgoing: OutgoingRequest,
  pool: PeerPool,
  timeoutMs: number,
): Promise<Response> {
  const { signal, target } = outgoing;
  if (signal?.aborted) return Promise.reject(signal.reason);
  const over = (connection: PeerConnection): Promise<Response> =>
    new Promise((resolve, reject) => {
      new Exchange({ outgoing, pool, connection, resolve, reject }).begin();
    });
  const idle = pool.idle(target);
  return idle ? over(idle) : newConnection(outgoing, pool, timeoutMs).then(over);
}

/** Whoever gives up before there is a connection leaves it to others. */
function newConnection(
  { target, signal }: OutgoingRequest,
  pool: PeerPool,
  timeoutMs: number,
): Promise<PeerConnection> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(deadline);
      signal?.removeEventListener("abort", abort);
    };
    const waiter = {
      resolve(connection: PeerConnection) {
        end();
        resolve(connection);
      },
      reject(cause: unknown) {
        end();
        reject(new ExchangeError(false, true, cause));
      },
    };
    const giveUp = (reason: unknown) => {
      end();
      pool.abandon(waiter, target);
      reject(reason);
    };
    const abort = () => giveUp(signal?.reason);
    const deadline = setTimeout(() => giveUp(tooLate("did not begin in time")), timeoutMs);
    signal?.addEventListener("abort", abort);
    pool.acquire(waiter, target);
  });
}

interface ExchangeOptions {
  readonly outgoing: OutgoingRequest;
  readonly pool: PeerPool;
  readonly connection: PeerConnection;
  readonly resolve: (response: Response) => void;
  readonly reject: (reason: unknown) => void;
}

/** One request and its response on a connection of its own. */
class Exchange implements ConnectionUser {
  readonly method: string;
  readonly #options: ExchangeOptions;
  readonly #abort = () => this.#giveUp(this.#options.outgoing.signal?.reason);
  #head: ResponseHead | undefined;
  /** While all that has come of the body is kept until it is whole, or the reader has come. */
  #pieces: Uint8Array[] | undefined = [];
  #download: Download | undefined;
  #isSent = false;
  #isOver = false;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.method = options.outgoing.method;
  }

  begin(): void {
    const { outgoing, connection, reject } = this.#options;
    const { signal, body } = outgoing;
    connection.use(this);
    if (signal?.aborted) return this.#giveUp(signal.reason);
    signal?.addEventListener("abort", this.#abort);
    connection.startClock();
    const head = requestHead(outgoing);
    if (!(body instanceof ReadableStream)) {
      connection.write(body ? wirePiece(head, body) : head);
      this.#isSent = true;
      return;
    }
    connection.write(head);
    upload(connection, body, outgoing.bodyBytes).then(
      () => void (this.#isSent = true),
      (thrown) => {
        reject(thrown);
        this.#giveUp(thrown);
      },
    );
  }

  head(head: ResponseHead, framing: BodyFraming): void {
    this.#head = head;
    if (this.method === "HEAD" || bodyless.has(head.status)) return this.#respond(null);
    if (framing.kind === "length" && framing.bytes <= wholeBytesMax) return;
    // What came in the same packet may be all: only then is a stream spared.
    queueMicrotask(() => this.#stream());
  }

  piece(bytes: Uint8Array): void {
    // A view of the same memory, typed anew: consumers compare and decode plain bytes.
    const piece = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.#download) this.#download.push(piece);
    else this.#pieces?.push(piece);
  }

  end(isReusable: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { outgoing: { signal, target }, connection, pool } = this.#options;
    signal?.removeEventListener("abort", this.#abort);
    if (isReusable && this.#isSent) pool.release(connection, target);
    else connection.destroy();
    if (this.#download) this.#download.close();
    else if (this.#pieces) this.#respond(joined(this.#pieces));
  }

  failed(cause: unknown): void {
    const { connection } = this.#options;
    if (this.#head) return this.#break(brokenOff(cause));
    const isStale = connection.isUsed && !connection.isAnswering;
    this.#options.reject(new ExchangeError(isStale, false, cause));
    this.#break(cause);
  }

  late(): void {
    this.#giveUp(tooLate(this.#head ? "stopped arriving" : "did not begin in time"));
  }

  #giveUp(reason: unknown): void {
    if (this.#isOver) return;
    if (!this.#head) this.#options.reject(reason);
    this.#break(reason);
    this.#options.connection.destroy(reason);
  }

  /** The body that is not whole fails, for whoever reads it. */
  #break(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.outgoing.signal?.removeEventListener("abort", this.#abort);
    if (this.#head) this.#stream();
    this.#download?.fail(reason);
  }

  #stream(): void {
    if (!this.#pieces) return;
    const pieces = this.#pieces;
    const download = new Download(this.#options.connection, () => this.#giveUp(undefined));
    this.#download = download;
    for (const piece of pieces) download.push(piece);
    this.#respond(download.stream);
  }

  #respond(body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null): void {
    const { status, statusText, fields } = this.#head!;
    this.#pieces = undefined;
    this.#options.resolve(plainResponse(body, { status, statusText, headers: headerList(fields) }));
  }
}

function tooLate(what: string): DOMException {
  return new DOMException(`The response ${what}`, "TimeoutError");
}

function brokenOff(cause: unknown): TypeError {
  return new TypeError("Cannot read response: it broke off", { cause });
}
