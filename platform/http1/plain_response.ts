export type PlainBody = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;

export interface PlainInit {
  readonly status: number;
  readonly statusText?: string;
  readonly headers: Headers;
}

/**
 * A response as light as what it holds: bytes that are there stay bytes, and headers are those that it was given.
 * It is a `Response` to all that use one, but not to the runtime: see {@linkcode runtimeResponse}.
 */
class PlainResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly type = "default";
  readonly url = "";
  readonly redirected = false;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #stream: ReadableStream<Uint8Array> | null = null;
  #isUsed = false;

  constructor(body: PlainBody, { status, statusText = "", headers }: PlainInit) {
    this.status = status;
    this.statusText = statusText;
    this.headers = headers;
    if (body instanceof Uint8Array) this.#bytes = body;
    else this.#stream = body;
  }

  /** All of the body, when it is there and nobody has begun to read it. */
  get whole(): Uint8Array<ArrayBuffer> | undefined {
    return this.#isUsed ? undefined : this.#bytes;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get body(): ReadableStream<Uint8Array> | null {
    if (this.#bytes && !this.#stream) {
      const bytes = this.#bytes;
      this.#bytes = undefined;
      this.#stream = new ReadableStream<Uint8Array>({
        start(controller) {
          if (bytes.length > 0) controller.enqueue(bytes);
          controller.close();
        },
      });
    }
    return this.#stream;
  }

  get bodyUsed(): boolean {
    return this.#isUsed;
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#isUsed) throw new TypeError("Body already consumed");
    const bytes = this.#bytes;
    if (!bytes) return await this.#runtime().bytes();
    this.#isUsed = true;
    return bytes;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const { buffer, byteOffset, byteLength } = await this.bytes();
    return buffer.slice(byteOffset, byteOffset + byteLength);
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async blob(): Promise<Blob> {
    return await this.#runtime().blob();
  }

  async formData(): Promise<FormData> {
    return await this.#runtime().formData();
  }

  clone(): Response {
    if (this.#isUsed) throw new TypeError("Body already consumed");
    const { status, statusText, headers } = this;
    const init = { status, statusText, headers: [...headers] };
    if (this.#bytes) return new Response(this.#bytes.slice(), init);
    if (!this.#stream) return new Response(null, init);
    const [ours, theirs] = this.#stream.tee();
    this.#stream = ours;
    return new Response(theirs, init);
  }

  #runtime(): Response {
    const { status, statusText, headers, body } = this;
    this.#isUsed = true;
    return new Response(body, { status, statusText, headers: [...headers] });
  }
}

Object.setPrototypeOf(PlainResponse.prototype, Response.prototype);

/** @param body bytes are not copied: they are the response's from now on. */
export function plainResponse(body: PlainBody, init: PlainInit): Response {
  return new PlainResponse(body, init) as unknown as Response;
}

/** All of a response's body, when that is known without waiting; its stream is untouched then. */
export function wholeBody(response: Response): Uint8Array<ArrayBuffer> | undefined {
  return isPlain(response) ? response.whole : undefined;
}

/** The same response for the runtime, which takes its own kind only. */
export function runtimeResponse(response: Response): Response {
  if (!isPlain(response)) return response;
  const { status, statusText, headers } = response;
  return new Response(response.whole ?? response.body, {
    status,
    statusText,
    headers: [...headers],
  });
}

function isPlain(response: Response): response is Response & PlainResponse {
  return (response as unknown) instanceof PlainResponse;
}
