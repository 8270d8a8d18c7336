import { type Entity, Violation } from "../entities/mod.ts";

const sizeDefault = 100;
const sizeMax = 1_000;

export interface Page {
  readonly data: readonly Entity[];
  /** Path of the next page; null on the last. */
  readonly next: string | null;
  /** Absent on the last page. */
  readonly offset?: string;
}

/**
 * A page of `entities`, by id. `size` says how many at most, `offset` after which one, `tags` which only:
 * `a,b` has both, `a/b` has one of them.
 *
 * @throws {Violation} when one of these cannot be read.
 */
export function pageOf(entities: readonly Entity[], { pathname, searchParams }: URL): Page {
  const size = sizeOf(searchParams.get("size"));
  const after = offsetOf(searchParams.get("offset"));
  const tags = searchParams.get("tags");
  const isWanted = tagFilter(tags);
  const rest = entities
    .filter((entity) => entity.id > after && isWanted(entity))
    .toSorted((one, other) => one.id < other.id ? -1 : 1);
  const data = rest.slice(0, size);
  if (rest.length <= size) return { data, next: null };
  const offset = btoa(data.at(-1)!.id);
  const query = new URLSearchParams({ ...tags !== null && { tags }, offset, size: String(size) });
  return { data, next: `${pathname}?${query}`, offset };
}

function sizeOf(text: string | null): number {
  if (text === null) return sizeDefault;
  const size = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (size >= 1 && size <= sizeMax) return size;
  const message = `size must be an integer between 1 and ${sizeMax}`;
  throw new Violation(9, message, { size: message });
}

function offsetOf(text: string | null): string {
  if (text === null) return "";
  try {
    const id = atob(text);
    if (/^[0-9a-f-]{36}$/.test(id)) return id;
  } catch {
    // Told below, like any other.
  }
  throw new Violation(7, `'${text.slice(0, 100)}' is not a valid offset`, { offset: "bad offset" });
}

function tagFilter(text: string | null): (entity: Entity) => boolean {
  if (text === null) return () => true;
  const isEither = text.includes("/");
  const tags = text.split(isEither ? "/" : ",");
  if ((isEither && text.includes(",")) || tags.includes("")) {
    throw new Violation(11, "invalid option (tags: invalid filter syntax)", {
      tags: "invalid filter syntax",
    });
  }
  const has = ({ tags: own }: Entity) => (tag: string) => Array.isArray(own) && own.includes(tag);
  return (entity) => isEither ? tags.some(has(entity)) : tags.every(has(entity));
}
