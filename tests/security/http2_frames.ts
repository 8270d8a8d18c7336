import type { TLSSocket } from "node:tls";
import tls from "node:tls";
import { once } from "node:events";

/** Types of frames (RFC 9113, section 6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const flags = { ack: 1, endStream: 1, endHeaders: 4 } as const;

export type Fields = readonly (readonly [name: string, value: string])[];

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

export function frame(type: number, flag: number, stream: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(9 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, (payload.length << 8) | type);
  view.setUint8(4, flag);
  view.setUint32(5, stream);
  bytes.set(payload, 9);
  return bytes;
}

/** Literals of no index, not packed: any octets may stand in them. */
export function fieldBlock(fields: Fields): Uint8Array {
  return concat(fields.flatMap(([name, value]) => [Uint8Array.of(0), text(name), text(value)]));
}

export function latin1(value: string): Uint8Array {
  return Uint8Array.from(value, (character) => character.charCodeAt(0));
}

export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A connection over which HTTP/2 is spoken frame by frame, right or wrong. */
export class FrameClient implements AsyncDisposable {
  readonly #socket: TLSSocket;
  #unread: Uint8Array = new Uint8Array();
  #changed = Promise.withResolvers<void>();
  #isClosed = false;
  /** The status of each stream's answer. */
  readonly statuses = new Map<number, number>();
  /** Streams that the server has ended, by an answer or by a reset. */
  readonly ended = new Set<number>();
  /** The error of each stream that was reset. */
  readonly resets = new Map<number, number>();
  /** Acknowledged pings and settings. */
  acks = 0;
  goAwayCode: number | undefined;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("data", (bytes) => this.#read(bytes));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#isClosed = true;
      this.#note();
    });
    // No header table: each answer then stands for itself.
    this.send(latin1(preface), frame(frameTypes.settings, 0, 0, Uint8Array.of(0, 1, 0, 0, 0, 0)));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @returns false when the server takes no more for now. */
  send(...frames: readonly Uint8Array[]): boolean {
    return this.#socket.write(concat(frames));
  }

  headers(stream: number, fields: Fields, flag: number = flags.endStream): void {
    this.send(frame(frameTypes.headers, flag | flags.endHeaders, stream, fieldBlock(fields)));
  }

  data(stream: number, text: string, flag: number = flags.endStream): void {
    this.send(frame(frameTypes.data, flag, stream, latin1(text)));
  }

  /** Resolves when `holds`, or when the server has hung up. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.#isClosed) await this.#changed.promise;
  }

  /** Resolves when the client may go on to write. */
  async drained(): Promise<void> {
    while (this.#socket.writableNeedDrain && !this.#isClosed) {
      await Promise.race([once(this.#socket, "drain"), once(this.#socket, "close")]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.until(() => false);
  }

  #read(bytes: Uint8Array): void {
    this.#unread = concat([this.#unread, bytes]);
    for (;;) {
      if (this.#unread.length < 9) break;
      const view = new DataView(this.#unread.buffer, this.#unread.byteOffset);
      const length = view.getUint32(0) >>> 8;
      if (this.#unread.length < 9 + length) break;
      const payload = this.#unread.subarray(9, 9 + length);
      this.#take(view.getUint8(3), view.getUint8(4), view.getUint32(5), payload);
      this.#unread = this.#unread.subarray(9 + length);
    }
    this.#note();
  }

  #take(type: number, flag: number, stream: number, payload: Uint8Array): void {
    const { data, headers, resetStream, settings, ping, goAway } = frameTypes;
    const code = () => new DataView(payload.buffer, payload.byteOffset);
    if (type === headers) this.statuses.set(stream, statusOf(payload));
    if ((type === headers || type === data) && flag & flags.endStream) this.ended.add(stream);
    if (type === resetStream) {
      this.resets.set(stream, code().getUint32(0));
      this.ended.add(stream);
    }
    if (type === goAway) this.goAwayCode = code().getUint32(4);
    if ((type === ping || type === settings) && flag & flags.ack) this.acks += 1;
    if (type === settings && !(flag & flags.ack)) {
      this.send(frame(settings, flags.ack, 0, new Uint8Array()));
    }
  }

  #note(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }
}

/** A connection on which the server has agreed to HTTP/2. */
export async function connectHttp2(
  { port, ca }: { readonly port: number; readonly ca: string },
): Promise<FrameClient> {
  const socket = tls.connect({
    host: "127.0.0.1",
    port,
    ca,
    servername: "localhost",
    ALPNProtocols: ["h2"],
  });
  await once(socket, "secureConnect");
  return new FrameClient(socket);
}

/** A string of HPACK, without Huffman's code. */
function text(value: string): Uint8Array {
  const lengthBytes: number[] = [];
  if (value.length < 127) lengthBytes.push(value.length);
  else {
    lengthBytes.push(127);
    let rest = value.length - 127;
    for (; rest >= 128; rest >>>= 7) lengthBytes.push((rest & 127) | 128);
    lengthBytes.push(rest);
  }
  return concat([Uint8Array.from(lengthBytes), latin1(value)]);
}

/** In the order of HPACK's static table from its entry 8 on. */
const indexed = [200, 204, 206, 304, 400, 404, 500];

/** The status that a block of HPACK begins with; 0 when it begins otherwise. */
function statusOf(block: Uint8Array): number {
  let at = 0;
  while ((block[at]! & 0xe0) === 0x20) at += 1;
  const first = block[at]!;
  if (first & 0x80) return indexed[(first & 0x7f) - 8] ?? 0;
  // A literal under the name of entry 8, `:status`.
  const length = block[at + 1]!;
  const digits = block.subarray(at + 2, at + 2 + (length & 0x7f));
  return Number(length & 0x80 ? huffmanDigits(digits) : new TextDecoder().decode(digits));
}

/** Digits in Huffman's code (RFC 7541, appendix B): 0 to 2 in five bits, 3 to 9 in six. */
function huffmanDigits(bytes: Uint8Array): string {
  let bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  let digits = "";
  while (digits.length < 3 && bits.length >= 5) {
    const isShort = bits.startsWith("000");
    const code = parseInt(bits.slice(0, isShort ? 5 : 6), 2);
    digits += isShort ? code : code - 22;
    bits = bits.slice(isShort ? 5 : 6);
  }
  return digits;
}
