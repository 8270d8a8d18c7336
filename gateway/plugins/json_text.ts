import { JsonFields } from "./edited_fields.ts";
import { applyEdits, type FieldEdits } from "./field_edits.ts";

/** Of JSON itself, and of what is written in it. */
export function isJsonType(contentType: string | null): boolean {
  return /^\s*application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType ?? "");
}

/**
 * JSON with the members of its object edited. Anything but an object has none, and stays as it is. Members
 * that come twice become one; whole numbers beyond 2^53 lose their last digits.
 *
 * @throws when `bytes` are not JSON in UTF-8.
 */
export function editedJson<Value>(
  bytes: Uint8Array,
  edits: FieldEdits<Value>,
  valueOf: (value: Value) => unknown,
): Uint8Array<ArrayBuffer> {
  const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return new TextEncoder().encode(JSON.stringify(json));
  }
  const fields = new JsonFields(json);
  applyEdits(fields, edits, valueOf);
  return new TextEncoder().encode(JSON.stringify(fields));
}
