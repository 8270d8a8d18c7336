import { Buffer } from "node:buffer";
import { malformed, MessageError } from "./message_error.ts";
import type { MessageLimits } from "./message_limits.ts";
import { latin1 } from "./wire_text.ts";

const bareLineFeed = /(?:^|[^\r])\n/;
const cr = 13;
const lf = 10;
const nothing = new Uint8Array(0);

/** Gathers bytes until a head is whole. */
export class HeadBuffer {
  readonly #limits: MessageLimits;
  readonly #emptyLinesMax: number;
  #held: Uint8Array = nothing;
  #emptyLines = 0;

  /** @param emptyLinesMax how many may come before the head, and are passed over. */
  constructor(limits: MessageLimits, emptyLinesMax = 0) {
    this.#limits = limits;
    this.#emptyLinesMax = emptyLinesMax;
  }

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  /**
   * @returns the head with the CRLF of its last line, and the bytes behind it; undefined while it is not whole.
   * @throws {MessageError} when it is larger than heads may be, whole or not, or has a line without CR.
   */
  feed(bytes: Uint8Array): { readonly head: string; readonly rest: Uint8Array } | undefined {
    const held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const all = this.#behindEmptyLines(held);
    const { headBytesMax } = this.#limits;
    const text = latin1(all.length > headBytesMax ? all.subarray(0, headBytesMax) : all);
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      this.#refuse(text, all.length);
      this.#held = all;
      return undefined;
    }
    this.#held = nothing;
    this.#emptyLines = 0;
    this.#checkStartLine(text.indexOf("\r\n"));
    const rest = all.length === end + 4 ? nothing : all.subarray(end + 4);
    return { head: text.slice(0, end + 2), rest };
  }

  #behindEmptyLines(bytes: Uint8Array): Uint8Array {
    let at = 0;
    while (bytes[at] === cr && bytes[at + 1] === lf && this.#emptyLines < this.#emptyLinesMax) {
      at += 2;
      this.#emptyLines += 1;
    }
    return at === 0 ? bytes : bytes.subarray(at);
  }

  /** What would never become a head is not waited for. */
  #refuse(text: string, bytes: number): void {
    if (bareLineFeed.test(text)) throw malformed("a line lacks its CR");
    const lineEnd = text.indexOf("\r\n");
    this.#checkStartLine(lineEnd < 0 ? text.length : lineEnd);
    if (bytes >= this.#limits.headBytesMax) {
      throw new MessageError("fieldsTooLarge", "its header fields are too large");
    }
  }

  #checkStartLine(bytes: number): void {
    if (bytes <= this.#limits.startLineBytesMax) return;
    throw new MessageError("startLineTooLong", "its first line is too long");
  }
}
