import { parseFieldLines } from "./field_lines.ts";
import { malformed, MessageError } from "./message_error.ts";
import type { MessageLimits } from "./message_limits.ts";
import { latin1 } from "./wire_text.ts";

// Extensions are passed over, but held to what RFC 9112 lets them consist of.
const chunkLine = /^([0-9A-Fa-f]{1,12})(?:[ \t]*;[\t\x20-\x7e]*)?$/;
const lineFeed = 10;
const carriageReturn = 13;

type Part = "size" | "data" | "data_end" | "trailer" | "over";

/** Takes a chunked body apart, however its bytes arrive. Trailer fields are checked and dropped. */
export class ChunkedDecoder {
  readonly #limits: MessageLimits;
  readonly #onData: (data: Uint8Array) => void;
  #part: Part = "size";
  #remainingBytes = 0;
  /** Of the line that has begun. */
  #line = "";
  #trailer = "";

  /** @param onData called with each piece of the body: a view of what was fed. */
  constructor(limits: MessageLimits, onData: (data: Uint8Array) => void) {
    this.#limits = limits;
    this.#onData = onData;
  }

  get isOver(): boolean {
    return this.#part === "over";
  }

  /** @returns how many of `bytes` belonged to the body: less than all when it is over. @throws {MessageError} */
  feed(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && this.#part !== "over") {
      if (this.#part === "data") {
        const data = bytes.subarray(at, at + this.#remainingBytes);
        at += data.length;
        this.#remainingBytes -= data.length;
        if (this.#remainingBytes === 0) this.#part = "data_end";
        this.#onData(data);
      } else at = this.#takeLine(bytes, at);
    }
    return at;
  }

  #takeLine(bytes: Uint8Array, from: number): number {
    const feed = bytes.indexOf(lineFeed, from);
    const end = feed < 0 ? bytes.length : feed + 1;
    this.#checkLineLength(this.#line.length + end - from);
    this.#line += latin1(bytes.subarray(from, end));
    if (feed < 0) return end;
    const line = this.#line;
    this.#line = "";
    if (line.charCodeAt(line.length - 2) !== carriageReturn) throw malformed("a line lacks its CR");
    this.#takeWholeLine(line.slice(0, -2));
    return end;
  }

  #checkLineLength(bytes: number): void {
    if (this.#part !== "trailer") {
      if (bytes > this.#limits.chunkLineBytesMax) throw malformed("a chunk's size is too long");
    } else if (this.#trailer.length + bytes > this.#limits.trailerBytesMax) {
      throw new MessageError("fieldsTooLarge", "its trailer is too large");
    }
  }

  #takeWholeLine(line: string): void {
    if (this.#part === "data_end") {
      if (line !== "") throw malformed("a chunk is longer than its size");
      this.#part = "size";
    } else if (this.#part === "size") {
      const size = chunkLine.exec(line);
      if (!size) throw malformed("a chunk's size is none");
      this.#remainingBytes = parseInt(size[1]!, 16);
      this.#part = this.#remainingBytes > 0 ? "data" : "trailer";
    } else if (line !== "") {
      this.#trailer += `${line}\r\n`;
    } else {
      parseFieldLines(this.#trailer, 0, this.#limits.fieldsMax);
      this.#part = "over";
    }
  }
}
