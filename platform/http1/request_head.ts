import { type BodyFraming, requestFraming } from "./body_framing.ts";
import { type FieldLines, listsToken, onlyField, parseFieldLines } from "./field_lines.ts";
import { malformed, MessageError } from "./message_error.ts";
import type { MessageLimits } from "./message_limits.ts";

export interface RequestHead {
  readonly method: string;
  /** As sent: nothing in it is decoded or put in order. Its scheme is `http:`, unless the client named one. */
  readonly url: string;
  readonly fields: FieldLines;
  readonly framing: BodyFraming;
  /** Whether the client sends the body only when it is told to go on. */
  readonly expectsContinue: boolean;
  /** Whether the client understands chunks and interim responses. */
  readonly isVersion11: boolean;
  /** Whether the connection may serve another request after this one, for all that the head says. */
  readonly isKeptAlive: boolean;
}

const requestLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP\/(\d)\.(\d)\r\n/;
const absoluteForm = /^https?:\/\/[^/?#@]+(?:[/?][^#]*)?$/i;
const originForm = /^\/[^#]*$/;
/** What RFC 3986 lets a host and port consist of, loosely: who is meant is not for the parser to say. */
const hostForm = /^[\w.~!$&'()*+,;=%:[\]-]+$/;

/**
 * Reads the head of a request: what can be read in two ways is refused.
 *
 * @param head with the CRLF of its last line.
 * @throws {MessageError}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112#section-3 | RFC 9112, section 3}
 */
export function parseRequestHead(head: string, { fieldsMax }: MessageLimits): RequestHead {
  const line = requestLine.exec(head);
  if (!line) throw malformed("its request line is none");
  const [whole, method, target, major, minor] = line as unknown as [string, ...string[]];
  if (major !== "1" || Number(minor) > 1) {
    throw new MessageError("unknownVersion", "its version is unknown");
  }
  const isVersion11 = minor !== "0";
  const fields = parseFieldLines(head, whole.length, fieldsMax);
  const framing = requestFraming(fields);
  if (framing.kind === "chunked" && !isVersion11) throw malformed("its version knows no chunks");
  return {
    method: method!,
    url: urlOf(method!, target!, hostOf(fields, isVersion11)),
    fields,
    framing,
    expectsContinue: expectsContinue(fields) && isVersion11,
    isVersion11,
    isKeptAlive: isVersion11 && !listsToken(fields, "connection", "close"),
  };
}

function hostOf(fields: FieldLines, isNeeded: boolean): string {
  const host = onlyField(fields, "host");
  if (host === undefined && !isNeeded) return "";
  if (host === undefined || !hostForm.test(host)) throw malformed("it names no host");
  return host;
}

function urlOf(method: string, target: string, host: string): string {
  if (originForm.test(target)) return `http://${host}${target}`;
  if (absoluteForm.test(target)) return target;
  if (target === "*" && method === "OPTIONS") return `http://${host}/*`;
  throw malformed("its target is none");
}

function expectsContinue(fields: FieldLines): boolean {
  const expected = onlyField(fields, "expect");
  if (expected === undefined) return false;
  if (expected.toLowerCase() === "100-continue") return true;
  throw new MessageError("unknownExpectation", "its expectation is unknown");
}
