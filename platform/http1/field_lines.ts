import { malformed, MessageError } from "./message_error.ts";

/** Header fields as they came: a name in lower case, its value, the next name, and so on. */
export type FieldLines = readonly string[];

// A line that is folded, or ends otherwise than with CRLF, fits nowhere (RFC 9112, section 5).
const fieldLine = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)\r\n/y;
const isPadded = /[ \t]$/;
const padding = /[ \t]+$/;

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
    fieldLine.lastIndex = at;
    const line = fieldLine.exec(text);
    if (!line) throw malformed("a header field is not one");
    if (fields.length === 2 * fieldsMax) {
      throw new MessageError("fieldsTooLarge", "it has too many header fields");
    }
    const value = line[2]!;
    fields.push(line[1]!.toLowerCase(), isPadded.test(value) ? value.replace(padding, "") : value);
    at = fieldLine.lastIndex;
  }
  return fields;
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
