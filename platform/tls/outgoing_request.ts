/** What `fetch` was called with, in the form in which it goes out. */
export interface OutgoingRequest {
  readonly url: URL;
  readonly method: string;
  /** Names in lower case. Those that the caller gave, and what frames the body. */
  readonly headers: readonly Header[];
  readonly body: Uint8Array | ReadableStream<Uint8Array> | undefined;
  /** The length of a body that is a stream, when its head tells of it; else it is sent in chunks. */
  readonly bodyBytes: number | undefined;
  readonly signal: AbortSignal | undefined;
}

type Header = readonly [name: string, value: string];
type FetchArguments = Parameters<typeof fetch>;

/** Set by the connection, never by a caller: RFC 9110, section 7.6.1. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);
const isMadeSafe = new Set(["GET", "HEAD", "PUT", "DELETE"]);
const mayHaveBody = new Set(["POST", "PUT", "PATCH"]);
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;
const lengthForm = /^\d{1,15}$/;
const encoder = new TextEncoder();

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
  if (!token.test(method)) throw new TypeError("Cannot fetch: its method is no word");
  const { body, contentType } = outgoingBody(init?.body ?? base?.body);
  if (body !== undefined && (method === "GET" || method === "HEAD")) {
    throw new TypeError(`Cannot fetch: a ${method} request has no body`);
  }
  const given = givenHeaders(init?.headers ?? base?.headers);
  if (contentType && !given.some(([name]) => name === "content-type")) {
    given.push(["content-type", contentType]);
  }
  const signal = init?.signal ?? base?.signal ?? undefined;
  return { url, method, body, signal, ...framed(given, method, body) };
}

/** Whether it may go out a second time, given that the first may have taken effect (RFC 9110, 9.2.2). */
export function isRepeatable({ method, body }: OutgoingRequest): boolean {
  // An Idempotency-Key is the caller's word alone: whether the peer heeds it is for the caller to know.
  return isMadeSafe.has(method) && !(body instanceof ReadableStream);
}

/** The head as it is written, with the empty line that ends it: one octet for each character. */
export function requestHead({ url, method, headers }: OutgoingRequest): string {
  let fields = "";
  let host = url.host;
  for (const [name, value] of headers) {
    if (name === "host") host = value;
    else fields += `${name}: ${value}\r\n`;
  }
  return `${method} ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${host}\r\n${fields}\r\n`;
}

/** An IPv6 address has brackets in a URL, and none in a socket's. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

export function portOf({ port }: URL): number {
  return port === "" ? 443 : Number(port);
}

function givenHeaders(given: HeadersInit | undefined): Header[] {
  const headers: Header[] = [];
  const pairs = Array.isArray(given) ? given as [string, string][] : new Headers(given);
  for (const [givenName, value] of pairs) {
    if (!token.test(givenName) || !fieldValue.test(value)) {
      throw new TypeError("Cannot fetch: a header is not one");
    }
    const name = givenName.toLowerCase();
    if (!hopByHop.has(name)) headers.push([name, value]);
  }
  return headers;
}

interface OutgoingBody {
  readonly body: OutgoingRequest["body"];
  readonly contentType?: string | null;
}

function outgoingBody(given: BodyInit | null | undefined): OutgoingBody {
  if (given === null || given === undefined) return { body: undefined };
  if (typeof given === "string") {
    return { body: encoder.encode(given), contentType: "text/plain;charset=UTF-8" };
  }
  if (given instanceof URLSearchParams) {
    const contentType = "application/x-www-form-urlencoded;charset=UTF-8";
    return { body: encoder.encode(String(given)), contentType };
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
function framed(
  given: readonly Header[],
  method: string,
  body: OutgoingRequest["body"],
): Pick<OutgoingRequest, "headers" | "bodyBytes"> {
  const lengths = given.filter(([name]) => name === "content-length");
  if (body instanceof ReadableStream) {
    if (lengths.length === 0) {
      return { headers: [...given, ["transfer-encoding", "chunked"]], bodyBytes: undefined };
    }
    const [[, length]] = lengths as [Header];
    if (lengths.length > 1 || !lengthForm.test(length)) {
      throw new TypeError("Cannot fetch: its content-length is none");
    }
    return { headers: given, bodyBytes: Number(length) };
  }
  const others = lengths.length === 0 ? given : given.filter(([name]) => name !== "content-length");
  if (body === undefined && !mayHaveBody.has(method)) return { headers: others, bodyBytes: 0 };
  const length: Header = ["content-length", String(body?.length ?? 0)];
  return { headers: [...others, length], bodyBytes: body?.length ?? 0 };
}
