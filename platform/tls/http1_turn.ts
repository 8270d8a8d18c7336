import {
  type BodyDecoder,
  bodyDecoder,
  type Incoming,
  IncomingBody,
  incomingRequest,
  messageLimits,
  type RequestHead,
  type Wire,
} from "platform/http1";

export interface TurnOptions {
  readonly head: RequestHead;
  /** Sends what is no part of the answer. */
  readonly write: (wire: Wire) => void;
  /** Takes nothing more from the network, or goes on taking. */
  readonly hold: () => void;
  readonly flow: () => void;
}

const nothing = new Uint8Array(0);
const goOn = "HTTP/1.1 100 Continue\r\n\r\n";

/** One request on a connection, from its head until its answer has been written. */
export class Http1Turn {
  readonly head: RequestHead;
  readonly #incoming: Incoming;
  readonly #decoder: BodyDecoder;
  readonly #body: IncomingBody | undefined;
  #owesContinue: boolean;
  #isAnswered = false;

  constructor({ head, write, hold, flow }: TurnOptions) {
    this.head = head;
    const { framing } = head;
    const hasBody = framing.kind !== "length" || framing.bytes > 0;
    this.#owesContinue = head.expectsContinue && hasBody;
    const onWanted = () => {
      if (this.#owesContinue && !this.#isAnswered) write(goOn);
      this.#owesContinue = false;
      flow();
    };
    this.#body = hasBody ? new IncomingBody({ onWanted, onFull: hold }) : undefined;
    this.#decoder = bodyDecoder(framing, messageLimits, (data) => this.#body?.push(data));
    this.#incoming = incomingRequest(head, this.#body);
  }

  get request(): Request {
    return this.#incoming.request;
  }

  /** Whether the whole request has arrived. */
  get isReceived(): boolean {
    return this.#decoder.isOver;
  }

  /** @returns what came behind the request. @throws {MessageError} */
  feed(bytes: Uint8Array): Uint8Array {
    if (this.#decoder.isOver) return bytes;
    // Who sends without having been told to go on needs not be told any more.
    if (bytes.length > 0) this.#owesContinue = false;
    const taken = this.#decoder.feed(bytes);
    if (this.#decoder.isOver) this.#body?.close();
    return taken === bytes.length ? nothing : bytes.subarray(taken);
  }

  /** From here on the client hears the answer, and nothing else. */
  answered(): void {
    this.#isAnswered = true;
  }

  /** The rest of the request cannot be read. */
  fail(fault: unknown): void {
    this.#body?.fail(fault);
  }

  /** Nobody is left to be answered. */
  abort(reason: unknown): void {
    this.#body?.fail(reason);
    this.#incoming.abort(reason);
  }
}
