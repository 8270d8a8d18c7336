import { controlBytesMax, type Opcode, opcodes } from "./frame.ts";

export interface FrameReceiver {
  message(data: string | Uint8Array<ArrayBuffer>): void;
  ping(payload: Uint8Array): void;
  pong(): void;
  /** @param code undefined when none was given. */
  close(code: number | undefined, reason: string): void;
}

/** The other side broke the protocol, or a limit. */
export class FrameError extends Error {
  override readonly name = "FrameError";

  /** @param closeCode what it is to be told: 1002, 1007 or 1009. */
  constructor(message: string, readonly closeCode: number) {
    super(message);
  }
}

interface Header {
  readonly isFinal: boolean;
  readonly opcode: Opcode;
  readonly headerBytes: number;
  readonly payloadBytes: number;
}

const known: ReadonlySet<number> = new Set(Object.values(opcodes));
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads the frames of a server, and puts messages together that came in pieces. */
export class FrameReader {
  readonly #receiver: FrameReceiver;
  readonly #messageBytesMax: number;
  #chunks: Uint8Array[] = [];
  #length = 0;
  #message: { readonly opcode: Opcode; readonly pieces: Uint8Array[]; length: number } | undefined;

  constructor(receiver: FrameReceiver, messageBytesMax: number) {
    this.#receiver = receiver;
    this.#messageBytesMax = messageBytesMax;
  }

  /** @throws {FrameError} */
  feed(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    for (let header = this.#header(); header; header = this.#header()) {
      const { headerBytes, payloadBytes } = header;
      if (this.#length < headerBytes + payloadBytes) return;
      this.#take(headerBytes);
      this.#frame(header, this.#take(payloadBytes));
    }
  }

  #header(): Header | undefined {
    const start = this.#peek(10);
    if (start.length < 2) return undefined;
    const [first, second] = [start[0]!, start[1]!];
    const opcode = first & 0x0f;
    if (first & 0x70 || !known.has(opcode)) throw broken("it uses what was not agreed on");
    if (second & 0x80) throw broken("a server masks nothing");
    const lengthBytes = [0, 2, 8][Math.max(0, (second & 0x7f) - 125)]!;
    if (start.length < 2 + lengthBytes) return undefined;
    const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
    const payloadBytes = lengthBytes === 0
      ? second & 0x7f
      : lengthBytes === 2
      ? view.getUint16(2)
      : Number(view.getBigUint64(2));
    const header = {
      isFinal: (first & 0x80) !== 0,
      opcode: opcode as Opcode,
      headerBytes: 2 + lengthBytes,
      payloadBytes,
    };
    this.#check(header);
    return header;
  }

  /** Before the payload is waited for: nobody is to have us hold what we will refuse. */
  #check({ isFinal, opcode, payloadBytes }: Header): void {
    if (opcode >= opcodes.close) {
      if (!isFinal || payloadBytes > controlBytesMax) throw broken("a control frame is too large");
      return;
    }
    if ((opcode === opcodes.continuation) !== (this.#message !== undefined)) {
      throw broken("its pieces do not follow one another");
    }
    if ((this.#message?.length ?? 0) + payloadBytes > this.#messageBytesMax) {
      throw new FrameError("Cannot read message: it is too large", 1009);
    }
  }

  #frame({ isFinal, opcode }: Header, payload: Uint8Array<ArrayBuffer>): void {
    if (opcode === opcodes.ping) return this.#receiver.ping(payload);
    if (opcode === opcodes.pong) return this.#receiver.pong();
    if (opcode === opcodes.close) return this.#close(payload);
    const message = this.#message ??= { opcode, pieces: [], length: 0 };
    message.pieces.push(payload);
    message.length += payload.length;
    if (!isFinal) return;
    this.#message = undefined;
    const whole = concat(message.pieces, message.length);
    this.#receiver.message(message.opcode === opcodes.text ? textOf(whole) : whole);
  }

  #close(payload: Uint8Array): void {
    if (payload.length === 0) return this.#receiver.close(undefined, "");
    if (payload.length === 1) throw broken("half a close code");
    const code = new DataView(payload.buffer, payload.byteOffset).getUint16(0);
    if (!isCloseCode(code)) throw broken("a close code that none may send");
    this.#receiver.close(code, textOf(payload.subarray(2)));
  }

  /** The first bytes, as many as there are up to `count`. */
  #peek(count: number): Uint8Array {
    const [first] = this.#chunks;
    if (first && first.length >= Math.min(count, this.#length)) return first.subarray(0, count);
    this.#chunks = [concat(this.#chunks, this.#length)];
    return this.#chunks[0]!.subarray(0, count);
  }

  #take(count: number): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(count);
    let at = 0;
    while (at < count) {
      const chunk = this.#chunks[0]!;
      const part = chunk.subarray(0, count - at);
      taken.set(part, at);
      at += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    this.#length -= count;
    return taken;
  }
}

/** Those that may stand in a frame: others only tell of what no frame has told. */
export function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) ||
    (code >= 3000 && code <= 4999);
}

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new FrameError("Cannot read message: it is no UTF-8", 1007);
  }
}

function broken(how: string): FrameError {
  return new FrameError(`Cannot read frame: ${how}`, 1002);
}

function concat(pieces: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const [only] = pieces;
  if (pieces.length === 1) return only as Uint8Array<ArrayBuffer>;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
