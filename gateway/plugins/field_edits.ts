import { z } from "zod";

/** Named values that can be edited: headers, a query, a form, the members of a JSON object. */
export interface Fields<Value> {
  has(name: string): boolean;
  remove(name: string): void;
  /** Does nothing when there is no `from`; takes the place of what was called `to`. */
  rename(from: string, to: string): void;
  /** One value in place of all. */
  set(name: string, value: Value): void;
  append(name: string, value: Value): void;
}

/** What is done to fields, in Kong's order. */
export interface FieldEdits<Value> {
  readonly remove: readonly string[];
  readonly rename: readonly (readonly [from: string, to: string])[];
  /** Only where there is one. */
  readonly replace: readonly (readonly [name: string, value: Value])[];
  /** Only where there is none. */
  readonly add: readonly (readonly [name: string, value: Value])[];
  readonly append: readonly (readonly [name: string, value: Value])[];
}

export function isIdle(edits: FieldEdits<unknown>): boolean {
  return [edits.remove, edits.rename, edits.replace, edits.add, edits.append]
    .every(({ length }) => length === 0);
}

export function applyEdits<From, To>(
  fields: Fields<To>,
  edits: FieldEdits<From>,
  valueOf: (value: From) => To,
): void {
  for (const name of edits.remove) fields.remove(name);
  for (const [from, to] of edits.rename) fields.rename(from, to);
  for (const [name, value] of edits.replace) {
    if (fields.has(name)) fields.set(name, valueOf(value));
  }
  for (const [name, value] of edits.add) {
    if (!fields.has(name)) fields.set(name, valueOf(value));
  }
  for (const [name, value] of edits.append) fields.append(name, valueOf(value));
}

/** Kong's `name:value`, where the value goes on to the end. @returns undefined when either is missing. */
export function parsePair(text: string): [name: string, value: string] | undefined {
  const [, name, value] = /^([^:]+):(.+)$/s.exec(text) ?? [];
  return name === undefined || value === undefined ? undefined : [name, value];
}

/** Of a schema that has let it through already. */
export function pairOf(text: string): [name: string, value: string] {
  return parsePair(text)!;
}

/** A list of `name:value`, of which each part must be what its check lets through. */
export function pairs(name: z.ZodType<string>, value: z.ZodType<string>): z.ZodDefault<
  z.ZodArray<z.ZodString>
> {
  return z.array(
    z.string().superRefine((text, context) => {
      const pair = parsePair(text);
      if (!pair) {
        return context.addIssue({ code: "custom", message: `key '${text}' has no value` });
      }
      for (const [part, check] of [[pair[0], name], [pair[1], value]] as const) {
        for (const { message } of check.safeParse(part).error?.issues ?? []) {
          context.addIssue({ code: "custom", message });
        }
      }
    }),
  ).default([]);
}
