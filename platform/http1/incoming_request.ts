import { headerList } from "./header_list.ts";
import type { IncomingBody } from "./incoming_body.ts";
import type { RequestHead } from "./request_head.ts";

type Act = (reason: unknown) => void;

const nobody: readonly Act[] = [];

/**
 * A request as it arrives, made as dear as it is used: headers, signal and the stream of its body come into being
 * when they are asked for. Its `url` is what the client sent, not put in order as `Request` would.
 *
 * It is a `Request` to all that use one, but not to the runtime: `new Request(it)` and `fetch(it)` throw.
 */
class IncomingRequest {
  readonly #head: RequestHead;
  readonly #body: IncomingBody | undefined;
  #headers: Headers | undefined;
  #aborting: AbortController | undefined;
  #gone: { readonly reason: unknown } | undefined;
  #whenGone = nobody;
  #real: Request | undefined;

  constructor(head: RequestHead, body: IncomingBody | undefined) {
    this.#head = head;
    this.#body = body;
  }

  get method(): string {
    return this.#head.method;
  }

  get url(): string {
    return this.#head.url;
  }

  get headers(): Headers {
    return this.#headers ??= headerList(this.#head.fields);
  }

  get signal(): AbortSignal {
    if (!this.#aborting) {
      this.#aborting = new AbortController();
      if (this.#gone) this.#aborting.abort(this.#gone.reason);
    }
    return this.#aborting.signal;
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.#body?.stream ?? null;
  }

  get bodyUsed(): boolean {
    return this.#real?.bodyUsed ?? false;
  }

  text(): Promise<string> {
    return this.real.text();
  }

  json(): Promise<unknown> {
    return this.real.json();
  }

  bytes(): Promise<Uint8Array> {
    return this.real.bytes();
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.real.arrayBuffer();
  }

  blob(): Promise<Blob> {
    return this.real.blob();
  }

  formData(): Promise<FormData> {
    return this.real.formData();
  }

  clone(): Request {
    return this.real.clone();
  }

  /** The runtime's own, which reads the body from now on. */
  get real(): Request {
    const { method, url, headers, body } = this;
    return this.#real ??= new Request(url, { method, headers: [...headers], body });
  }

  /** The client has gone, or the connection. */
  abort(reason: unknown): void {
    if (this.#gone) return;
    this.#gone = { reason };
    this.#aborting?.abort(reason);
    for (const act of this.#whenGone) act(reason);
  }

  whenGone(act: Act): () => void {
    if (this.#gone) act(this.#gone.reason);
    this.#whenGone = this.#whenGone.length === 0 ? [act] : [...this.#whenGone, act];
    return () => {
      const acts = this.#whenGone;
      this.#whenGone = acts.length === 1 ? nobody : acts.filter((other) => other !== act);
    };
  }
}

Object.setPrototypeOf(IncomingRequest.prototype, Request.prototype);

/** A request as handlers see it, and how to tell them that its client has gone. */
export interface Incoming {
  readonly request: Request;
  abort(reason: unknown): void;
}

/** @param body undefined when the head says that there is none. */
export function incomingRequest(head: RequestHead, body: IncomingBody | undefined): Incoming {
  const incoming = new IncomingRequest(head, body);
  return {
    request: incoming as unknown as Request,
    abort: (reason) => incoming.abort(reason),
  };
}

/**
 * Calls `act` when the client of `request` goes before it has been answered: as its `signal` tells, without
 * the price of one.
 *
 * @returns what undoes that.
 */
export function whenGone(request: Request, act: Act): () => void {
  const asked: unknown = request;
  if (asked instanceof IncomingRequest) return asked.whenGone(act);
  const { signal } = request;
  const abort = () => act(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  return () => signal.removeEventListener("abort", abort);
}
