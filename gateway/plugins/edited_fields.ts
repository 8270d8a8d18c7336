import type { Fields } from "./field_edits.ts";

type HeaderList = readonly (readonly [name: string, value: string])[];

/** Headers as a list of pairs, their names in lower case. */
export class HeaderFields implements Fields<string> {
  #list: HeaderList;

  constructor(list: HeaderList) {
    this.#list = list;
  }

  get list(): [name: string, value: string][] {
    return this.#list.map(([name, value]) => [name, value]);
  }

  has(name: string): boolean {
    return this.#list.some(([own]) => own === name.toLowerCase());
  }

  remove(name: string): void {
    this.#list = this.#list.filter(([own]) => own !== name.toLowerCase());
  }

  rename(from: string, to: string): void {
    if (!this.has(from)) return;
    if (from.toLowerCase() !== to.toLowerCase()) this.remove(to);
    this.#list = this.#list.map(([name, value]) =>
      name === from.toLowerCase() ? [to.toLowerCase(), value] : [name, value]
    );
  }

  set(name: string, value: string): void {
    this.remove(name);
    this.append(name, value);
  }

  append(name: string, value: string): void {
    this.#list = [...this.#list, [name.toLowerCase(), value]];
  }
}

/** A query or a form. */
export class FormFields implements Fields<string> {
  readonly #form: URLSearchParams;

  constructor(text: string) {
    this.#form = new URLSearchParams(text);
  }

  /** Without a question mark. A space is `%20`, which every program reads alike. */
  toString(): string {
    return this.#form.toString().replaceAll("+", "%20");
  }

  has(name: string): boolean {
    return this.#form.has(name);
  }

  remove(name: string): void {
    this.#form.delete(name);
  }

  rename(from: string, to: string): void {
    if (from === to) return;
    const values = this.#form.getAll(from);
    if (values.length === 0) return;
    this.remove(from);
    this.remove(to);
    for (const value of values) this.append(to, value);
  }

  set(name: string, value: string): void {
    this.#form.set(name, value);
  }

  append(name: string, value: string): void {
    this.#form.append(name, value);
  }
}

/** The members of a JSON object. */
export class JsonFields implements Fields<unknown> {
  /** A map, because no name means anything to it. */
  readonly #members: Map<string, unknown>;

  constructor(object: object) {
    this.#members = new Map(Object.entries(object));
  }

  toJSON(): object {
    return Object.fromEntries(this.#members);
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  remove(name: string): void {
    this.#members.delete(name);
  }

  rename(from: string, to: string): void {
    if (from === to || !this.has(from)) return;
    this.#members.set(to, this.#members.get(from));
    this.remove(from);
  }

  set(name: string, value: unknown): void {
    this.#members.set(name, value);
  }

  /** To a list; what is no list becomes one. */
  append(name: string, value: unknown): void {
    const before = this.#members.get(name);
    if (Array.isArray(before)) this.set(name, [...before, value]);
    else this.set(name, this.has(name) ? [before, value] : [value]);
  }
}
