import { type BodyDecoder, bodyDecoder } from "./body_decoder.ts";
import { type BodyFraming, responseFraming } from "./body_framing.ts";
import { HeadBuffer } from "./head_buffer.ts";
import { malformed } from "./message_error.ts";
import type { MessageLimits } from "./message_limits.ts";
import { parseResponseHead, type ResponseHead } from "./response_head.ts";

/** Who is told of a response as it arrives. */
export interface ResponseReceiver {
  head(head: ResponseHead, framing: BodyFraming): void;
  /** A piece of the body: a view of what was fed. */
  piece(bytes: Uint8Array): void;
  /** @param isReusable whether the connection may serve another request. */
  end(isReusable: boolean): void;
}

/** Interim responses that one request may be given. */
const interimMax = 16;

/** Reads the response to one request from what arrives on its connection. Interim responses are passed over. */
export class ResponseReader {
  readonly #method: string;
  readonly #limits: MessageLimits;
  readonly #receiver: ResponseReceiver;
  readonly #heads: HeadBuffer;
  #interims = 0;
  #body: BodyDecoder | undefined;
  #isOver = false;
  #isKeptAlive = false;
  #endsByClose = false;

  constructor(method: string, limits: MessageLimits, receiver: ResponseReceiver) {
    this.#method = method;
    this.#limits = limits;
    this.#receiver = receiver;
    this.#heads = new HeadBuffer(limits);
  }

  /** Whether any byte of the response has come. */
  get hasBegun(): boolean {
    return this.#body !== undefined || this.#interims > 0 || !this.#heads.isEmpty;
  }

  /** @throws {MessageError} */
  feed(bytes: Uint8Array): void {
    let rest = bytes;
    while (!this.#body) {
      const found = this.#heads.feed(rest);
      if (!found) return;
      rest = found.rest;
      this.#takeHead(found.head);
      if (!this.#body && rest.length === 0) return;
    }
    const taken = this.#body.isOver ? 0 : this.#body.feed(rest);
    if (this.#body.isOver) this.#end(taken === rest.length);
  }

  /** The server sends nothing more. @returns whether the response is whole. */
  closed(): boolean {
    if (this.#endsByClose) this.#end(false);
    return this.#isOver;
  }

  #takeHead(text: string): void {
    const head = parseResponseHead(text, this.#limits);
    if (head.status < 200) return this.#passOver(head.status);
    const framing = responseFraming(this.#method, head.status, head.fields);
    this.#endsByClose = framing.kind === "until_close";
    this.#isKeptAlive = head.isKeptAlive && !this.#endsByClose;
    this.#body = bodyDecoder(framing, this.#limits, (data) => this.#receiver.piece(data));
    this.#receiver.head(head, framing);
  }

  /** Nobody asked for another protocol. */
  #passOver(status: number): void {
    this.#interims += 1;
    if (status === 101) throw malformed("it changes the protocol");
    if (this.#interims > interimMax) throw malformed("there is no end of interim responses");
  }

  /** @param isExact whether nothing came behind the response: what did answers no request of ours. */
  #end(isExact: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#receiver.end(isExact && this.#isKeptAlive);
  }
}
