import { type FieldLines, onlyField } from "./field_lines.ts";
import { malformed, MessageError } from "./message_error.ts";

/** Where the body of a message ends. */
export type BodyFraming =
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "until_close" };

const noBody: BodyFraming = { kind: "length", bytes: 0 };
const chunked: BodyFraming = { kind: "chunked" };
const untilClose: BodyFraming = { kind: "until_close" };
/** Fifteen digits are exact as a number. */
const lengthForm = /^\d{1,15}$/;

/**
 * Of a request. Two ways to say it, or one way twice, is how requests are smuggled, and refused.
 *
 * @throws {MessageError}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112#section-6.3 | RFC 9112, section 6.3}
 */
export function requestFraming(fields: FieldLines): BodyFraming {
  return framing(fields) ?? noBody;
}

/**
 * Of a response.
 *
 * @throws {MessageError}
 */
export function responseFraming(method: string, status: number, fields: FieldLines): BodyFraming {
  const told = framing(fields);
  if (method === "HEAD" || status === 204 || status === 304) return noBody;
  return told ?? untilClose;
}

function framing(fields: FieldLines): BodyFraming | undefined {
  const length = onlyField(fields, "content-length");
  const coding = onlyField(fields, "transfer-encoding");
  if (coding !== undefined) {
    if (length !== undefined) throw malformed("its length is told in two ways");
    if (coding.toLowerCase() === "chunked") return chunked;
    throw new MessageError("unknownTransferCoding", "its transfer coding is unknown");
  }
  if (length === undefined) return undefined;
  if (!lengthForm.test(length)) throw malformed("its length is no number");
  return { kind: "length", bytes: Number(length) };
}
