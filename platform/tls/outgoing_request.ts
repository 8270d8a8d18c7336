/** A request body that can be sent again. */
export type ReplayableBody = string | Uint8Array;

/** What `fetch` was called with, in the form in which it goes out. */
export interface OutgoingRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ReplayableBody | ReadableStream<Uint8Array> | undefined;
  readonly signal: AbortSignal | undefined;
}

type FetchArguments = Parameters<typeof fetch>;

/** Set by the connection, never by a caller: RFC 9110, section 7.6.1. */
const hopByHop = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];
const isMadeSafe = new Set(["GET", "HEAD", "PUT", "DELETE"]);

/** @throws {TypeError} for what cannot be sent. */
export function outgoingRequest(
  input: FetchArguments[0],
  init: FetchArguments[1],
): OutgoingRequest {
  const base = input instanceof Request ? input : undefined;
  const url = new URL(base ? base.url : String(input));
  if (url.protocol !== "https:") {
    throw new TypeError(`Cannot fetch: "${url.protocol}" is not https:`);
  }

  const method = (init?.method ?? base?.method ?? "GET").toUpperCase();
  const headers = new Headers(init?.headers ?? base?.headers);
  const { body, contentType } = outgoingBody(init?.body ?? base?.body);
  if (body !== undefined && (method === "GET" || method === "HEAD")) {
    throw new TypeError(`Cannot fetch: a ${method} request has no body`);
  }
  if (contentType && !headers.has("content-type")) headers.set("content-type", contentType);
  for (const name of hopByHop) headers.delete(name);
  frame(headers, method, body);
  const signal = init?.signal ?? base?.signal ?? undefined;
  return { url, method, headers: Object.fromEntries(headers), body, signal };
}

/** Whether it may go out a second time, given that the first may have taken effect (RFC 9110, 9.2.2). */
export function isRepeatable({ method, body }: OutgoingRequest): boolean {
  // An Idempotency-Key is the caller's word alone: whether the peer heeds it is for the caller to know.
  return isMadeSafe.has(method) && !(body instanceof ReadableStream);
}

interface OutgoingBody {
  readonly body: OutgoingRequest["body"];
  readonly contentType?: string | null;
}

function outgoingBody(given: BodyInit | null | undefined): OutgoingBody {
  if (given === null || given === undefined) return { body: undefined };
  if (typeof given === "string") return { body: given, contentType: "text/plain;charset=UTF-8" };
  if (given instanceof URLSearchParams) {
    const contentType = "application/x-www-form-urlencoded;charset=UTF-8";
    return { body: String(given), contentType };
  }
  if (given instanceof ReadableStream) return { body: given };
  if (given instanceof ArrayBuffer) return { body: new Uint8Array(given) };
  if (ArrayBuffer.isView(given)) {
    return { body: new Uint8Array(given.buffer, given.byteOffset, given.byteLength) };
  }
  const { body, headers } = new Response(given);
  return { body: body ?? undefined, contentType: headers.get("content-type") };
}

/** A length we know is ours to say; a stream's is its sender's, and held to when it is sent. */
function frame(headers: Headers, method: string, body: OutgoingRequest["body"]): void {
  if (body instanceof ReadableStream) return;
  headers.delete("content-length");
  const mayHaveBody = method === "POST" || method === "PUT" || method === "PATCH";
  if (body !== undefined || mayHaveBody) headers.set("content-length", String(byteLength(body)));
}

function byteLength(body: ReplayableBody | undefined): number {
  if (body === undefined) return 0;
  return typeof body === "string" ? new TextEncoder().encode(body).length : body.length;
}
