import { z } from "zod";
import { HeaderName } from "../entities/fields.ts";
import { isReservedToClients } from "../forward_headers.ts";
import { type FieldEdits, pairOf, pairs } from "./field_edits.ts";
import { HeaderText } from "./header_fields.ts";

const Name = HeaderName.refine(
  (name) => !isReservedToClients(name.toLowerCase()),
  "this header is the gateway's own",
);
const FieldName = z.string().min(1);
const Value = z.string().min(1);

const jsonTypes = ["boolean", "number", "string"] as const;
type JsonType = typeof jsonTypes[number];

const added = z.strictObject({
  json: pairs(FieldName, Value),
  /** Of the values of `json`, by place: a string where none is named. */
  json_types: z.array(z.enum(jsonTypes)).default([]),
  headers: pairs(Name, HeaderText),
}).superRefine(({ json, json_types: types }, context) => {
  for (const [at, pair] of json.entries()) {
    if (typed(pairOf(pair)[1], types[at]) !== undefined) continue;
    const message = `expected a ${types[at]}`;
    context.addIssue({ code: "custom", path: ["json", at], message });
  }
}).prefault({});

export const ResponseTransformerConfig = z.strictObject({
  remove: z.strictObject({
    json: z.array(FieldName).default([]),
    headers: z.array(Name).default([]),
  }).prefault({}),
  rename: z.strictObject({
    json: pairs(FieldName, FieldName),
    headers: pairs(Name, Name),
  }).prefault({}),
  replace: added,
  add: added,
  append: added,
});

export type ResponseTransformerConfig = z.output<typeof ResponseTransformerConfig>;

export function headerEdits(
  { remove, rename, replace, add, append }: ResponseTransformerConfig,
): FieldEdits<string> {
  return {
    remove: remove.headers,
    rename: rename.headers.map(pairOf),
    replace: replace.headers.map(pairOf),
    add: add.headers.map(pairOf),
    append: append.headers.map(pairOf),
  };
}

export function jsonEdits(
  { remove, rename, replace, add, append }: ResponseTransformerConfig,
): FieldEdits<unknown> {
  const values = ({ json, json_types: types }: ResponseTransformerConfig["add"]) =>
    json.map(pairOf).map(([name, value], at) => [name, typed(value, types[at])] as const);
  return {
    remove: remove.json,
    rename: rename.json.map(pairOf),
    replace: values(replace),
    add: values(add),
    append: values(append),
  };
}

/** Undefined when it is no such value. */
function typed(value: string, type: JsonType = "string"): unknown {
  if (type === "string") return value;
  if (type === "boolean") return value === "true" || (value === "false" ? false : undefined);
  const number = Number(value);
  return value.trim() !== "" && Number.isFinite(number) ? number : undefined;
}
