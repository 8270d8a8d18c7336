import { type FieldLines, listsToken, parseFieldLines } from "./field_lines.ts";
import { malformed } from "./message_error.ts";
import type { MessageLimits } from "./message_limits.ts";

export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  readonly fields: FieldLines;
  /** Whether the connection may serve another request after this one, for all that the head says. */
  readonly isKeptAlive: boolean;
}

const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n/;

/**
 * @param head with the CRLF of its last line.
 * @throws {MessageError}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112#section-4 | RFC 9112, section 4}
 */
export function parseResponseHead(head: string, { fieldsMax }: MessageLimits): ResponseHead {
  const line = statusLine.exec(head);
  if (!line) throw malformed("its status line is none");
  const fields = parseFieldLines(head, line[0].length, fieldsMax);
  return {
    status: Number(line[2]),
    statusText: line[3] ?? "",
    fields,
    isKeptAlive: line[1] === "1" && !listsToken(fields, "connection", "close"),
  };
}
