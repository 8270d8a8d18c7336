import { z } from "zod";

/**
 * The fields of `schema` that are marked `.meta({ sensitive: true })`.
 *
 * @throws when none is, or when a mark lies deeper than the document itself, where it would do nothing.
 */
export function sensitiveFieldsOf(schema: z.ZodObject): readonly string[] {
  const fields = Object.entries(schema.shape as Record<string, z.ZodType>)
    .filter(([, field]) => isSensitive(field.meta()))
    .map(([name]) => name);
  if (fields.length === 0) throw new Error("Cannot seal documents: no field is marked sensitive");
  const printed = z.toJSONSchema(schema, { unrepresentable: "any", reused: "inline" });
  if (marksIn(printed) !== fields.length) {
    throw new Error("Cannot seal documents: only fields of the document itself can be sensitive");
  }
  return fields;
}

function isSensitive(meta: unknown): boolean {
  return typeof meta === "object" && meta !== null && "sensitive" in meta &&
    meta.sensitive === true;
}

/** How many nodes of a printed schema carry the mark, at any depth. */
function marksIn(node: unknown): number {
  if (typeof node !== "object" || node === null) return 0;
  const inside = Object.values(node).reduce((sum: number, child) => sum + marksIn(child), 0);
  return inside + (isSensitive(node) ? 1 : 0);
}
