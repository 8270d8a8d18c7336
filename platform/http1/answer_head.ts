import { fieldLinesOf } from "./header_list.ts";

/** How the end of an answer's body is told. */
export type AnswerFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  /** For a client that knows no chunks. */
  | { readonly kind: "until_close" };

export interface AnswerHead {
  readonly status: number;
  readonly headers: Headers;
  readonly framing: AnswerFraming;
  /** Whether the connection ends with this answer. */
  readonly closes: boolean;
}

/** Of one connection only: for the server to say. */
const own = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "trailer",
  "upgrade",
]);

const reasons: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  414: "URI Too Long",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/**
 * The head of an answer as it is written, with the empty line that ends it.
 *
 * @param date of now, as HTTP writes it; sent unless the headers have one.
 */
export function answerHead(
  { status, headers, framing, closes }: AnswerHead,
  date: string,
): string {
  let text = `HTTP/1.1 ${status} ${reasons[status] ?? ""}\r\n`;
  let isDated = false;
  // An answer to HEAD tells how long the one to GET would be (RFC 9110, section 8.6).
  const keepsLength = framing.kind === "none" && status !== 204;
  const fields = fieldLinesOf(headers);
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at]!;
    if (own.has(name) || (name === "content-length" && !keepsLength)) continue;
    if (name === "date") isDated = true;
    text += `${name}: ${fields[at + 1]}\r\n`;
  }
  if (framing.kind === "length") text += `content-length: ${framing.bytes}\r\n`;
  else if (framing.kind === "chunked") text += "transfer-encoding: chunked\r\n";
  if (!isDated) text += `date: ${date}\r\n`;
  return closes ? `${text}connection: close\r\n\r\n` : `${text}\r\n`;
}

let datedSecond = 0;
let date = "";

/** The date of now: written anew once a second. */
export function dateNow(): string {
  const second = Math.floor(Date.now() / 1_000);
  if (second !== datedSecond) {
    datedSecond = second;
    date = new Date().toUTCString();
  }
  return date;
}
