import { z } from "zod";
import type { Input } from "../entities/mod.ts";

/** Of JSON Schema, what tells the type of a field. */
export interface FieldSchema {
  readonly type?: string;
  readonly format?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly items?: FieldSchema;
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly additionalProperties?: FieldSchema | boolean;
  readonly propertyNames?: FieldSchema;
  readonly required?: readonly string[];
  readonly anyOf?: readonly FieldSchema[];
  readonly not?: unknown;
}

const known = new WeakMap<z.ZodType, FieldSchema>();

/** The JSON Schema of what `schema` accepts. */
export function fieldSchemaOf(schema: z.ZodType): FieldSchema {
  const cached = known.get(schema);
  if (cached) return cached;
  const made = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as FieldSchema;
  known.set(schema, made);
  return made;
}

/** Text in the types of `schema`; what does not read as its type stays text, for the schema to refuse. */
export function coerced(given: Input, schema: z.ZodType): Input {
  return valueOf(given, fieldSchemaOf(schema)) as Input;
}

/** The schema of a field, whether or not it may also be null. */
export function plainSchema(schema: FieldSchema | undefined): FieldSchema {
  const { anyOf, ...own } = schema ?? {};
  if (!anyOf) return own;
  const others = anyOf.filter(({ type }) => type !== "null");
  return others.length === 1 ? { ...plainSchema(others[0]), ...own } : { ...own, anyOf: others };
}

function valueOf(value: unknown, schema: FieldSchema | undefined): unknown {
  const { type, items, properties, additionalProperties, anyOf, ...own } = plainSchema(schema);
  if (value === null) return null;
  if (type === "array" && !isRecord(value)) {
    return [value].flat().map((element) => valueOf(element, items));
  }
  if (isRecord(value)) {
    const others = typeof additionalProperties === "object" ? additionalProperties : undefined;
    return Object.fromEntries(
      Object.entries(value).map((
        [key, field],
      ) => [key, valueOf(field, properties?.[key] ?? others)]),
    );
  }
  if (typeof value !== "string") return value;
  return scalarOf(value, type ?? typeof (own.const ?? own.enum?.[0] ?? anyOf?.[0]?.const));
}

function scalarOf(text: string, type: string): unknown {
  if (type === "integer" || type === "number") {
    return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
  }
  if (type === "boolean") return text === "true" ? true : text === "false" ? false : text;
  return text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
