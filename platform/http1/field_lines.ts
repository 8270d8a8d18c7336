import { malformed, MessageError } from "./message_error.ts";

/** Header fields as they came: a name in lower case, its value, the next name, and so on. */
export type FieldLines = readonly string[];

// A line that is folded, or ends otherwise than with CRLF, is neither (RFC 9112, section 5).
const nameForm = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const valueForm = /^[\t\x20-\x7e\x80-\xff]*$/;
const isPadded = /^[ \t]|[ \t]$/;
const padding = /^[ \t]+|[ \t]+$/g;

/**
 * Reads field lines from `from` to the end of `text`, which holds one octet in each character and ends with
 * the CRLF of its last line.
 *
 * @throws {MessageError} `malformed`, or `fieldsTooLarge` when there are more than `fieldsMax`.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112#section-5 | RFC 9112, section 5}
 */
export function parseFieldLines(text: string, from: number, fieldsMax: number): string[] {
  const fields: string[] = [];
  for (let at = from; at < text.length;) {
    const end = text.indexOf("\r\n", at);
    const colon = text.indexOf(":", at);
    if (end < 0 || colon < 0 || colon > end) throw malformed("a header field is not one");
    const [name, value] = [text.slice(at, colon), unpadded(text.slice(colon + 1, end))];
    if (!nameForm.test(name) || !valueForm.test(value)) {
      throw malformed("a header field is not one");
    }
    if (fields.length === 2 * fieldsMax) {
      throw new MessageError("fieldsTooLarge", "it has too many header fields");
    }
    fields.push(name.toLowerCase(), value);
    at = end + 2;
  }
  return fields;
}

/** Nearly every value has one space before it. */
function unpadded(value: string): string {
  const text = value.startsWith(" ") ? value.slice(1) : value;
  return isPadded.test(text) ? text.replace(padding, "") : text;
}

/** The value of the only field `name`; undefined when there is none. @throws {MessageError} when there are two. */
export function onlyField(fields: FieldLines, name: string): string | undefined {
  let value: string | undefined;
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at] !== name) continue;
    if (value !== undefined) throw malformed(`"${name}" is there twice`);
    value = fields[at + 1]!;
  }
  return value;
}

/** Whether the comma-separated lists in fields `name` hold `token`, in whatever case. */
export function listsToken(fields: FieldLines, name: string, token: string): boolean {
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at] !== name) continue;
    const items = fields[at + 1]!.toLowerCase();
    if (items === token || items.split(",").some((item) => item.trim() === token)) return true;
  }
  return false;
}
