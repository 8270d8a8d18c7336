// deno-lint-ignore-file camelcase -- The fields have Kong's names.
import type { Collection, Input, Makers } from "./kind.ts";
import { collections, kinds } from "./kinds.ts";
import {
  childrenOf,
  entitiesOf,
  type Entity,
  findEntity,
  referenceOf,
  type State,
} from "./state.ts";
import { faultsOf, schemaViolation, Violation } from "./violation.ts";

export interface ChangeTools extends Makers {
  readonly now: () => Date;
}

export interface Changed {
  readonly state: State;
  readonly entity: Entity;
}

/**
 * A state with one entity more. What is left out takes its default.
 *
 * @throws {Violation} when a field is wrong, names nothing, or has a value that must be unlike others'.
 */
export function insert(
  state: State,
  collection: Collection,
  given: Input,
  tools: ChangeTools,
): Changed {
  const { id = tools.newId(), created_at, updated_at, ...fields } = given;
  const nowSeconds = Math.floor(tools.now().getTime() / 1000);
  const stamp = {
    id: parseId(id),
    created_at: typeof created_at === "number" ? created_at : nowSeconds,
    updated_at: typeof updated_at === "number" ? updated_at : nowSeconds,
  };
  if (entitiesOf(state, collection).has(stamp.id)) {
    throw new Violation(5, `UNIQUE violation detected on '{id="${stamp.id}"}'`, { id: stamp.id });
  }
  return settle(state, collection, { stamp, fields, tools });
}

/** A state in which `entity` has other values in the fields that are given, and keeps the rest. */
export function patch(
  state: State,
  collection: Collection,
  { entity, given, tools }: {
    readonly entity: Entity;
    readonly given: Input;
    readonly tools: ChangeTools;
  },
): Changed {
  const { id, created_at, updated_at: _before, ...before } = entity;
  const { id: _id, created_at: _created, updated_at: _updated, ...prepared } = preparedOf(
    collection,
    withReferences(state, collection, given),
    { ...tools, newSecret: () => "" },
    given,
  );
  const stamp = { id, created_at, updated_at: Math.floor(tools.now().getTime() / 1000) };
  return settle(state, collection, { stamp, fields: merged(before, prepared), tools });
}

/** A state in which the entity with `id` is as given, and nothing else of an earlier one is left. */
export function put(
  state: State,
  collection: Collection,
  { id, given, tools }: {
    readonly id: string;
    readonly given: Input;
    readonly tools: ChangeTools;
  },
): Changed {
  const before = entitiesOf(state, collection).get(id);
  const { id: _id, created_at: _told, updated_at: _updated, ...fields } = given;
  const nowSeconds = Math.floor(tools.now().getTime() / 1000);
  const stamp = {
    id: parseId(id),
    created_at: before?.created_at ?? nowSeconds,
    updated_at: nowSeconds,
  };
  return settle(state, collection, { stamp, fields, tools });
}

/**
 * A state without `entity`, and without what is nothing without it.
 *
 * @throws {Violation} when others refer to it.
 */
export function remove(state: State, collection: Collection, entity: Entity): State {
  let left: State = { ...state, [collection]: without(entitiesOf(state, collection), entity.id) };
  for (const child of collections) {
    for (const [field, parent] of Object.entries(kinds[child].parents)) {
      if (parent.collection !== collection) continue;
      for (const entity_ of childrenOf(left, { collection: child, field, id: entity.id })) {
        if (parent.onRemoval === "refuse") {
          const message = `an existing '${child}' entity references this '${collection}' entity`;
          throw new Violation(4, message, { "@referenced_by": child });
        }
        left = remove(left, child, entity_);
      }
    }
  }
  return left;
}

interface Settling {
  readonly stamp: { readonly id: string; readonly created_at: number; readonly updated_at: number };
  readonly fields: Input;
  readonly tools: ChangeTools;
}

function settle(state: State, collection: Collection, { stamp, fields, tools }: Settling): Changed {
  const given = withReferences(state, collection, withoutNulls(fields));
  const prepared = preparedOf(collection, given, tools, given);
  const kind = kinds[collection];
  const parsed = (kind.fieldsFor?.(prepared) ?? kind.fields).safeParse(prepared);
  if (!parsed.success) throw schemaViolation(faultsOf(parsed.error.issues));
  const entity = { ...stamp, ...parsed.data as Record<string, unknown> };
  checkReferences(state, collection, entity);
  checkKeys(state, collection, entity);
  // An entity that was there keeps its place: the order counts among routes that are alike.
  const all = new Map(entitiesOf(state, collection)).set(entity.id, entity);
  return { state: { ...state, [collection]: all }, entity };
}

function preparedOf(
  collection: Collection,
  given: Input,
  makers: Makers,
  asked: Input,
): Input {
  const prepared = kinds[collection].prepare?.(given, makers) ?? given;
  // A change says nothing of what it leaves out: nothing is made anew for it.
  return Object.fromEntries(
    Object.entries(prepared).filter(([name, value]) => name in asked || value !== ""),
  );
}

/** Names in place of ids, as in `service: orders`, become ids. What names nothing stays for the schema. */
function withReferences(state: State, collection: Collection, given: Input): Input {
  const resolved: Record<string, unknown> = { ...given };
  for (const [field, { collection: parent }] of Object.entries(kinds[collection].parents)) {
    const value = given[field];
    const { id, ...keys } = typeof value === "string"
      ? { id: value }
      : (value ?? {}) as { readonly id?: unknown };
    const [named] = id === undefined ? Object.values(keys) : [id];
    if (typeof named !== "string") continue;
    resolved[field] = { id: findEntity(state, parent, named)?.id ?? named };
  }
  return resolved;
}

function checkReferences(state: State, collection: Collection, entity: Entity): void {
  for (const [field, { collection: parent }] of Object.entries(kinds[collection].parents)) {
    const id = referenceOf(entity[field]);
    if (id === undefined || entitiesOf(state, parent).has(id)) continue;
    const message =
      `the foreign key '{id="${id}"}' does not reference an existing '${parent}' entity.`;
    throw new Violation(4, message, { [field]: { id } });
  }
}

function checkKeys(state: State, collection: Collection, entity: Entity): void {
  const { keys, together = [] } = kinds[collection];
  for (const fields of [...keys.map((key) => [key]), ...together]) {
    if (fields.length === 1 && entity[fields[0]!] === null) continue;
    const twin = entitiesOf(state, collection).values().find((other) =>
      other.id !== entity.id && fields.every((field) => isSame(other[field], entity[field]))
    );
    if (!twin) continue;
    const said = fields.map((field) => `${field}=${print(entity[field])}`).toSorted().join(",");
    throw new Violation(
      5,
      `UNIQUE violation detected on '{${said}}'`,
      Object.fromEntries(fields.map((field) => [field, shown(entity[field])])),
    );
  }
}

/** Of fields that are text, null, or name another entity. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  const id = referenceOf(one);
  return id !== undefined && id === referenceOf(other);
}

function shown(value: unknown): string | { id: string } {
  const id = referenceOf(value);
  return id === undefined ? String(value) : { id };
}

function print(value: unknown): string {
  const id = referenceOf(value);
  return id === undefined ? JSON.stringify(value) : `{id="${id}"}`;
}

function parseId(id: unknown): string {
  if (typeof id === "string" && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
    return id.toLowerCase();
  }
  throw schemaViolation([{ path: ["id"], message: "expected a valid UUID" }]);
}

/** Kong takes a null for a field that is left out. */
function withoutNulls(given: Input): Input {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => {
      if (value === null) return [];
      return [[name, isRecord(value) ? withoutNulls(value) : value]];
    }),
  );
}

/** Records are merged, all else is replaced. */
function merged(before: Input, given: Input): Input {
  const together: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(given)) {
    const was = together[name];
    together[name] = isRecord(was) && isRecord(value) ? merged(was, value) : value;
  }
  return together;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function without(all: ReadonlyMap<string, Entity>, id: string): ReadonlyMap<string, Entity> {
  const left = new Map(all);
  left.delete(id);
  return left;
}
