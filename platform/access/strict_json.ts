const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;

/** A byte order mark stays, so that it is refused as any other text before the object. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The JSON object that `bytes` are, or undefined: for what is no UTF-8, no JSON, no object, or names a
 * member twice, at any depth. Of two members of one name, parsers do not agree which one counts.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7515#section-4 | RFC 7515, names must be unique}
 */
export function strictObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  // A name that comes twice is there twice in the text, and once in the value.
  if (membersWritten(bytes) !== membersOf(value)) return undefined;
  return value as Readonly<Record<string, unknown>>;
}

/** How many members a valid JSON text has: each has the one colon that is in no string. */
function membersWritten(text: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at];
    if (byte === colon) count++;
    if (byte !== quote) continue;
    for (at++; text[at] !== quote; at++) {
      if (text[at] === backslash) at++;
    }
  }
  return count;
}

function membersOf(value: object): number {
  const values = Object.values(value);
  let count = Array.isArray(value) ? 0 : values.length;
  for (const one of values) {
    if (typeof one === "object" && one !== null) count += membersOf(one);
  }
  return count;
}
