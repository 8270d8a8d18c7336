import type { z } from "zod";
import type { Kind } from "../entities/mod.ts";
import { type FieldSchema, fieldSchemaOf, plainSchema } from "./coercion.ts";

/** A field as Kong prints it: by its name, with its type, bounds and default. */
type PrintedField = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface PrintedSchema {
  readonly fields: readonly PrintedField[];
}

/** What stands for other fields and is not one itself. */
const shorthands = new Set(["url"]);

/** The schema of an entity, from which clients such as decK learn its defaults. */
export function printEntitySchema({ fields, parents }: Kind<unknown>): PrintedSchema {
  const references = Object.entries(parents).map(([name, { collection }]): PrintedField => ({
    [name]: { type: "foreign", reference: collection },
  }));
  const named = new Set(Object.keys(parents));
  const own = fieldsOf(fieldSchemaOf(fields)).filter((field) => !named.has(Object.keys(field)[0]!));
  return { fields: [...stamps, ...references, ...own] };
}

/** The schema of a plugin. */
export function printPluginSchema(uses: Kind<unknown>, config: z.ZodType): PrintedSchema {
  const { fields } = printEntitySchema(uses);
  const scopes = fields.filter((field) =>
    ["protocols", "consumer", "route", "service"].some((name) => name in field)
  );
  const printed = { type: "record", required: true, fields: fieldsOf(fieldSchemaOf(config)) };
  return { fields: [...scopes, { config: printed }] };
}

const stamps: readonly PrintedField[] = [
  { id: { type: "string", uuid: true, auto: true } },
  { created_at: { type: "integer", timestamp: true, auto: true } },
  { updated_at: { type: "integer", timestamp: true, auto: true } },
];

function fieldsOf({ properties = {}, required = [] }: FieldSchema): PrintedField[] {
  return Object.entries(properties)
    .filter(([name]) => !shorthands.has(name))
    .map(([name, schema]) => {
      const isRequired = required.includes(name) ||
        (schema.default !== undefined && schema.default !== null);
      return { [name]: { ...printed(schema), ...isRequired && { required: true } } };
    });
}

function printed(given: FieldSchema): Readonly<Record<string, unknown>> {
  const schema = plainSchema(given);
  const { default: preset } = given;
  return {
    ...typeOf(schema),
    ...preset !== undefined && preset !== null && !isEmptyRecord(preset) && { default: preset },
    ...schema.enum && { one_of: schema.enum },
    ...schema.const !== undefined && { eq: schema.const },
    ...(schema.type === "integer" || schema.type === "number") &&
      schema.minimum !== undefined && schema.maximum !== undefined &&
      { between: [schema.minimum, schema.maximum] },
    ...schema.minLength !== undefined && { len_min: schema.minLength },
  };
}

function typeOf(schema: FieldSchema): Readonly<Record<string, unknown>> {
  if (schema.type === "array") return { type: "array", elements: printed(schema.items ?? {}) };
  if (schema.type === "object" && schema.properties) {
    return { type: "record", fields: fieldsOf(schema) };
  }
  if (schema.type === "object") {
    const values = typeof schema.additionalProperties === "object"
      ? schema.additionalProperties
      : {};
    return { type: "map", keys: { type: "string" }, values: printed(values) };
  }
  const [first] = schema.enum ?? [schema.const ?? schema.anyOf?.[0]?.const];
  const type = schema.type ?? (typeof first === "number" ? "integer" : typeof (first ?? ""));
  return { type };
}

/** The default of a record is that of its fields. */
function isEmptyRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.keys(value).length === 0;
}
