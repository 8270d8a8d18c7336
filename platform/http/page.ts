import { z } from "zod";

export const pageSizeMax = 100;
const cursorLengthMax = 512;

/** Where a page ended: the next one starts strictly after it, in (`at`, `id`) order, newest first. */
export interface Position {
  /** RFC 3339 UTC, with milliseconds. */
  readonly at: string;
  readonly id: string;
}

const PositionShape = z.strictObject({ at: z.iso.datetime(), id: z.string().min(1).max(255) });

const Cursor = z.string().max(cursorLengthMax).transform((cursor, context): Position => {
  const position = PositionShape.safeParse(decode(cursor));
  if (position.success) return position.data;
  context.addIssue({ code: "custom", message: "Not a cursor of this list" });
  return z.NEVER;
});

/** The query of a list: how many items, and after which one. */
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(pageSizeMax).default(20),
  cursor: Cursor.optional(),
});
export type PageQuery = z.output<typeof PageQuery>;

/** The reply of a list. */
export function pageOf<Item extends z.ZodType>(
  item: Item,
): z.ZodObject<{ items: z.ZodArray<Item>; nextCursor: z.ZodNullable<z.ZodString> }> {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

export interface Page<Item> {
  readonly items: Item[];
  readonly nextCursor: string | null;
}

/**
 * A page from `found`, which holds up to one item more than `limit`: its presence says that there is a next page.
 */
export function toPage<Item>(
  found: readonly Item[],
  limit: number,
  positionOf: (item: Item) => Position,
): Page<Item> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const nextCursor = found.length > limit && last ? encode(positionOf(last)) : null;
  return { items, nextCursor };
}

function encode({ at, id }: Position): string {
  return new TextEncoder().encode(JSON.stringify({ at, id }))
    .toBase64({ alphabet: "base64url", omitPadding: true });
}

function decode(cursor: string): unknown {
  try {
    const bytes = Uint8Array.fromBase64(cursor, { alphabet: "base64url" });
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // Whatever is wrong with it, it is no cursor: the schema says so.
    return undefined;
  }
}
