import { z } from "zod";
import { optional } from "../entities/fields.ts";
import { type FieldEdits, pairOf, pairs } from "./field_edits.ts";
import { OwnHeaderName } from "./header_fields.ts";
import { isHeaderText } from "./header_fields.ts";
import { isTemplate, type Template, templateOf } from "./template.ts";

const FieldName = z.string().min(1);
const names = z.array(FieldName).default([]);
const headerNames = z.array(OwnHeaderName).default([]);

const Text = z.string().refine(
  isTemplate,
  "only headers, query_params and uri_captures can be referred to",
);
const HeaderText = Text.refine(isHeaderText, "not the text of a header");
const Uri = Text.refine((text) => text.startsWith("/"), "should start with: /");

const hostForm = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?$/;

/** `host` may be replaced, by a name that is written here. */
const replacedHeaders = z.array(z.string()).default([]).superRefine((list, context) => {
  const others = list.filter((pair) => !/^host:/i.test(pair) || !hostForm.test(pair.slice(5)));
  const checked = pairs(OwnHeaderName, HeaderText).safeParse(others);
  for (const { path: [at], message } of checked.error?.issues ?? []) {
    context.addIssue({ code: "custom", path: [list.indexOf(others[Number(at)]!)], message });
  }
});

const added = z.strictObject({
  body: pairs(FieldName, Text),
  headers: pairs(OwnHeaderName, HeaderText),
  querystring: pairs(FieldName, Text),
}).prefault({});

export const RequestTransformerConfig = z.strictObject({
  /** A HEAD would be answered without the body that the client is promised. */
  http_method: optional(z.enum(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])),
  remove: z.strictObject({ body: names, headers: headerNames, querystring: names }).prefault({}),
  rename: z.strictObject({
    body: pairs(FieldName, FieldName),
    headers: pairs(OwnHeaderName, OwnHeaderName),
    querystring: pairs(FieldName, FieldName),
  }).prefault({}),
  replace: z.strictObject({
    uri: optional(Uri),
    body: pairs(FieldName, Text),
    headers: replacedHeaders,
    querystring: pairs(FieldName, Text),
  }).prefault({}),
  add: added,
  append: added,
});

export type RequestTransformerConfig = z.output<typeof RequestTransformerConfig>;

export function editsOf(
  { remove, rename, replace, add, append }: RequestTransformerConfig,
  of: "body" | "headers" | "querystring",
): FieldEdits<Template> {
  const templates = (list: readonly string[]) =>
    list.map(pairOf).map(([name, value]) => [name, templateOf(value)] as const);
  return {
    remove: remove[of],
    rename: rename[of].map(pairOf),
    replace: templates(replace[of]),
    add: templates(add[of]),
    append: templates(append[of]),
  };
}
