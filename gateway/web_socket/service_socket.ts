import { ConnectionError, type PeerSocket } from "platform/tls";
import { clientFrame, closePayload, type Opcode, opcodes } from "./frame.ts";
import { FrameError, FrameReader, type FrameReceiver } from "./frame_reader.ts";
import {
  handshakeHead,
  newKey,
  type Offer,
  protocolOf,
  type Reply,
  ReplyReader,
} from "./handshake.ts";

export interface ServiceSocketListener {
  message(data: string | Uint8Array<ArrayBuffer>): void;
  /** Something came that is no message. */
  heard(): void;
  /** The last that is told. @param code 1006 when the connection broke, undefined when none was given. */
  closed(code: number | undefined, reason: string): void;
}

/** What a service said to a handshake: it is a WebSocket from then on, or not. */
export type Answer =
  | {
    readonly status: 101;
    readonly protocol: string | undefined;
    readonly socket: ServiceSocket;
  }
  | { readonly status: number; readonly headers: Headers; readonly socket: undefined };

export interface OpenOptions {
  readonly offer: Offer;
  readonly signal: AbortSignal;
  readonly messageBytesMax: number;
}

const abnormal = 1006;
/** How long the other side may take to say goodbye. */
const goodbyeMs = 2_000;

/**
 * Asks for a WebSocket over `peer`, which belongs to it from then on.
 *
 * @throws {ConnectionError} when the connection breaks, {HandshakeError} for what is no answer, and the
 *   signal's reason.
 */
export async function openServiceSocket(
  peer: PeerSocket,
  { offer, signal, messageBytesMax }: OpenOptions,
): Promise<Answer> {
  const key = newKey();
  try {
    const head = handshakeHead(offer, key);
    const reply = await replyTo(peer, { head, signal });
    const { status, headers, rest } = reply;
    if (status !== 101) {
      peer.socket.destroy();
      return { status, headers, socket: undefined };
    }
    const offered = new Headers(offer.headers.map(([name, value]) => [name, value]))
      .get("sec-websocket-protocol");
    const protocol = protocolOf(reply, { key, offered });
    return { status, protocol, socket: new ServiceSocket(peer, { rest, messageBytesMax }) };
  } catch (thrown) {
    peer.socket.destroy();
    throw thrown;
  }
}

/** @param head of the request, which goes out here. */
function replyTo(
  { socket }: PeerSocket,
  { head, signal }: { readonly head: string; readonly signal: AbortSignal },
): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const reader = new ReplyReader();
  const take = (bytes: Uint8Array) => {
    try {
      const reply = reader.feed(bytes);
      if (!reply) return;
      socket.pause();
      resolve(reply);
    } catch (thrown) {
      reject(thrown);
    }
  };
  const broken = () => reject(new ConnectionError("Cannot open WebSocket: it broke", false));
  const cut = () => reject(signal.reason);
  socket.on("data", take);
  socket.once("close", broken);
  signal.addEventListener("abort", cut, { once: true });
  if (signal.aborted) cut();
  socket.write(head);
  return promise.finally(() => {
    socket.off("data", take);
    socket.off("close", broken);
    signal.removeEventListener("abort", cut);
  });
}

/** The client's side of a WebSocket to a service. Nothing is told before `listen`. */
export class ServiceSocket implements FrameReceiver {
  readonly #peer: PeerSocket;
  readonly #rest: Uint8Array;
  readonly #reader: FrameReader;
  #listener: ServiceSocketListener | undefined;
  #isClosing = false;
  #isOver = false;
  #goodbye: ReturnType<typeof setTimeout> | undefined;
  /** Resolves when the connection is gone. */
  readonly gone: Promise<void>;

  constructor(
    peer: PeerSocket,
    { rest, messageBytesMax }: { readonly rest: Uint8Array; readonly messageBytesMax: number },
  ) {
    this.#peer = peer;
    this.#rest = rest;
    this.#reader = new FrameReader(this, messageBytesMax);
    this.gone = new Promise((resolve) => {
      if (peer.socket.destroyed) resolve();
      peer.socket.once("close", () => resolve());
    });
  }

  /** Of what was sent, how much the service has yet to take. */
  get bufferedBytes(): number {
    return this.#peer.socket.writableLength;
  }

  listen(listener: ServiceSocketListener): void {
    const { socket } = this.#peer;
    this.#listener = listener;
    socket.on("data", (bytes) => this.#take(bytes));
    socket.once("end", () => socket.destroy());
    socket.once("close", () => this.#end(abnormal, ""));
    if (socket.destroyed) return this.#end(abnormal, "");
    if (this.#rest.length > 0) this.#take(this.#rest);
    socket.resume();
  }

  send(data: string | Uint8Array): void {
    if (typeof data !== "string") return this.#write(opcodes.binary, data);
    this.#write(opcodes.text, new TextEncoder().encode(data));
  }

  /** Says goodbye, and hangs up when the service has too, or takes too long for it. */
  closeWith(code: number | undefined, reason: string): void {
    if (this.#isClosing) return;
    this.#write(opcodes.close, closePayload(code, reason));
    this.#isClosing = true;
    this.#goodbye = setTimeout(() => this.#peer.socket.destroy(), goodbyeMs);
    this.flow();
  }

  /** Hangs up without a word. */
  destroy(): void {
    this.#peer.socket.destroy();
  }

  hold(): void {
    if (!this.#isOver) this.#peer.hold();
  }

  flow(): void {
    if (!this.#isOver) this.#peer.flow();
  }

  message(data: string | Uint8Array<ArrayBuffer>): void {
    if (!this.#isClosing) this.#listener?.message(data);
  }

  ping(payload: Uint8Array): void {
    this.#write(opcodes.pong, payload);
    this.#listener?.heard();
  }

  pong(): void {
    this.#listener?.heard();
  }

  close(code: number | undefined, reason: string): void {
    this.#write(opcodes.close, closePayload(code, reason));
    this.#isClosing = true;
    this.#end(code, reason);
    this.#peer.socket.end();
    this.#goodbye ??= setTimeout(() => this.#peer.socket.destroy(), goodbyeMs);
  }

  #take(bytes: Uint8Array): void {
    try {
      if (!this.#isOver) this.#reader.feed(bytes);
    } catch (thrown) {
      if (!(thrown instanceof FrameError)) throw thrown;
      this.#write(opcodes.close, closePayload(thrown.closeCode, ""));
      this.#end(abnormal, "");
      this.#peer.socket.destroySoon();
    }
  }

  #write(opcode: Opcode, payload: Uint8Array): void {
    const { socket } = this.#peer;
    if (!this.#isClosing && socket.writable) socket.write(clientFrame(opcode, payload));
  }

  #end(code: number | undefined, reason: string): void {
    if (this.#peer.socket.destroyed) clearTimeout(this.#goodbye);
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener?.closed(code, reason);
  }
}
