import { type PeerTarget, peerTarget } from "./peer_target.ts";

/** What `fetch` was called with, in the form in which it goes out. */
export interface OutgoingRequest {
  readonly target: PeerTarget;
  readonly method: string;
  /** What the server is called, when the caller has a name of its own for it. */
  readonly host: string | undefined;
  /** Field lines, `Host` apart: those that the caller gave, and what frames the body. */
  readonly fields: string;
  readonly body: Uint8Array | ReadableStream<Uint8Array> | undefined;
  /** The length of a body that is a stream, when its head tells of it; else it is sent in chunks. */
  readonly bodyBytes: number | undefined;
  readonly signal: AbortSignal | undefined;
}

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
const none: readonly string[] = [];

/** @throws {TypeError} for what cannot be sent. */
export function outgoingRequest(
  input: FetchArguments[0],
  init: FetchArguments[1],
): OutgoingRequest {
  const base = input instanceof Request ? input : undefined;
  const target = peerTarget(base ? base.url : String(input));
  const method = (init?.method ?? base?.method ?? "GET").toUpperCase();
  if (!token.test(method)) throw new TypeError("Cannot fetch: its method is no word");
  const { body, contentType } = outgoingBody(init?.body ?? base?.body);
  if (body !== undefined && (method === "GET" || method === "HEAD")) {
    throw new TypeError(`Cannot fetch: a ${method} request has no body`);
  }
  const given = givenFields(init?.headers ?? base?.headers);
  const typed = contentType && !given.hasContentType ? `content-type: ${contentType}\r\n` : "";
  const framing = framingOf(given.lengths, method, body);
  const signal = init?.signal ?? base?.signal ?? undefined;
  const fields = `${given.fields}${typed}${framing.field}`;
  return { target, method, host: given.host, fields, body, bodyBytes: framing.bodyBytes, signal };
}

/** Whether it may go out a second time, given that the first may have taken effect (RFC 9110, 9.2.2). */
export function isRepeatable({ method, body }: OutgoingRequest): boolean {
  // An Idempotency-Key is the caller's word alone: whether the peer heeds it is for the caller to know.
  return isMadeSafe.has(method) && !(body instanceof ReadableStream);
}

/** The head as it is written, with the empty line that ends it: one octet for each character. */
export function requestHead({ target, method, host, fields }: OutgoingRequest): string {
  return `${method} ${target.path} HTTP/1.1\r\nhost: ${host ?? target.authority}\r\n${fields}\r\n`;
}

interface GivenFields {
  readonly fields: string;
  readonly host: string | undefined;
  /** Announced lengths of the body. */
  readonly lengths: readonly string[];
  readonly hasContentType: boolean;
}

function givenFields(given: HeadersInit | undefined): GivenFields {
  const pairs = Array.isArray(given) ? given as [string, string][] : new Headers(given);
  let fields = "";
  let host: string | undefined;
  let lengths = none;
  let hasContentType = false;
  for (const [givenName, value] of pairs) {
    if (!token.test(givenName) || !fieldValue.test(value)) {
      throw new TypeError("Cannot fetch: a header is not one");
    }
    const name = givenName.toLowerCase();
    if (name === "host") host = value;
    else if (name === "content-length") lengths = [...lengths, value];
    else if (!hopByHop.has(name)) fields += `${name}: ${value}\r\n`;
    hasContentType ||= name === "content-type";
  }
  return { fields, host, lengths, hasContentType };
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

interface Framing {
  readonly field: string;
  readonly bodyBytes: number | undefined;
}

/** A length we know is ours to say; a stream's is its sender's, and held to when it is sent. */
function framingOf(
  lengths: readonly string[],
  method: string,
  body: OutgoingRequest["body"],
): Framing {
  if (!(body instanceof ReadableStream)) {
    if (body === undefined && !mayHaveBody.has(method)) return { field: "", bodyBytes: 0 };
    const bodyBytes = body?.length ?? 0;
    return { field: `content-length: ${bodyBytes}\r\n`, bodyBytes };
  }
  const [length, ...others] = lengths;
  if (length === undefined) {
    return { field: "transfer-encoding: chunked\r\n", bodyBytes: undefined };
  }
  if (others.length > 0 || !lengthForm.test(length)) {
    throw new TypeError("Cannot fetch: its content-length is none");
  }
  return { field: `content-length: ${length}\r\n`, bodyBytes: Number(length) };
}
