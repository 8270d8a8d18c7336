import type { FieldLines } from "./field_lines.ts";

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Header fields in the order in which they came, repeated ones apart: what `Headers` offers, at a third of its
 * price. Other than `Headers` it neither sorts nor joins what it is iterated for.
 */
export class HeaderList implements Iterable<[string, string]> {
  #fields: FieldLines;
  /** Shared until it is written to. */
  #own: string[] | undefined;

  /** @param fields as they were parsed: names in lower case, nothing in them that could end a line. */
  constructor(fields: FieldLines = []) {
    this.#fields = fields;
  }

  get fields(): FieldLines {
    return this.#fields;
  }

  get(name: string): string | null {
    const wanted = name.toLowerCase();
    const fields = this.#fields;
    let value: string | null = null;
    for (let at = 0; at < fields.length; at += 2) {
      if (fields[at] !== wanted) continue;
      value = value === null ? fields[at + 1]! : `${value}, ${fields[at + 1]}`;
    }
    return value;
  }

  has(name: string): boolean {
    const wanted = name.toLowerCase();
    const fields = this.#fields;
    for (let at = 0; at < fields.length; at += 2) if (fields[at] === wanted) return true;
    return false;
  }

  getSetCookie(): string[] {
    const cookies: string[] = [];
    for (const [name, value] of this) if (name === "set-cookie") cookies.push(value);
    return cookies;
  }

  /** @throws {TypeError} for what is no field. */
  append(name: string, value: string): void {
    const text = checked(name, value);
    this.#writable().push(name.toLowerCase(), text);
  }

  /** @throws {TypeError} for what is no field. */
  set(name: string, value: string): void {
    const text = checked(name, value);
    if (this.has(name)) this.delete(name);
    this.#writable().push(name.toLowerCase(), text);
  }

  delete(name: string): void {
    const wanted = name.toLowerCase();
    const kept: string[] = [];
    for (const [other, value] of this) if (other !== wanted) kept.push(other, value);
    this.#fields = this.#own = kept;
  }

  forEach(act: (value: string, name: string, headers: Headers) => void): void {
    for (const [name, value] of this) act(value, name, this as unknown as Headers);
  }

  *entries(): IterableIterator<[string, string]> {
    const fields = this.#fields;
    for (let at = 0; at < fields.length; at += 2) yield [fields[at]!, fields[at + 1]!];
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this) yield name;
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this) yield value;
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }

  #writable(): string[] {
    this.#own ??= [...this.#fields];
    this.#fields = this.#own;
    return this.#own;
  }
}

/** The fields of any `Headers`: at no price when they are a {@linkcode HeaderList}. */
export function fieldLinesOf(headers: Headers): FieldLines {
  const given: unknown = headers;
  return given instanceof HeaderList ? given.fields : [...headers].flat();
}

/** A {@linkcode HeaderList}, to all that use `Headers`. */
export function headerList(fields?: FieldLines): Headers {
  return new HeaderList(fields) as unknown as Headers;
}

function checked(name: string, given: string): string {
  const value = String(given);
  if (token.test(name) && fieldValue.test(value)) return value;
  throw new TypeError("Cannot set header: it is not one");
}
