import { z } from "zod";

/** A UUID, of whatever version: clients may make their own. */
export const Id = z.guid("expected a valid UUID");

/** What stands in a field that names another entity. */
export const Reference = z.strictObject({ id: Id });

export const Name = z.string()
  .regex(/^[\p{L}\p{N}._~-]+$/u, "invalid value: only letters, digits and . - _ ~ are allowed");

const Tag = z.string().min(1).regex(
  /^[^,/\p{Cc}]+$/u,
  "invalid tag: no comma and no slash is allowed",
);

export const Tags = z.array(Tag);

export const Port = z.int().min(0).max(65_535);
export const TimeoutMs = z.int().min(1).max(2_147_483_646);

/** A host name or an address, as it stands in a URL. */
export const Host = z.string().regex(
  /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)$/,
  "invalid hostname",
);

export const HeaderName = z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, "not a header name");

/** What ends behind the wire: a route or a plugin may be for some of these only. */
export const protocols = ["grpc", "grpcs", "http", "https"] as const;

/** A field that may be left out, and is then null, as Kong prints it. */
export function optional<Field extends z.ZodType>(
  field: Field,
): z.ZodDefault<z.ZodNullable<Field>> {
  return field.nullable().default(null as never) as z.ZodDefault<z.ZodNullable<Field>>;
}
