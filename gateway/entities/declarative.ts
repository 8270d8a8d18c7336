import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { configError } from "platform/config";
import { placedFaults } from "../yaml_faults.ts";
import { insert } from "./changes.ts";
import type { Collection, Input } from "./kind.ts";
import { collections, kinds } from "./kinds.ts";
import { emptyState, entitiesOf, type State } from "./state.ts";
import { type Fault, Violation } from "./violation.ts";

const formatVersion = "3.0";

/** One entity of a file, and where in the file it stands. */
interface Placed {
  readonly collection: Collection;
  readonly given: Input;
  readonly path: readonly PropertyKey[];
}

export interface Declared {
  readonly state: State;
  /** Tells a fault that is found later by the line of the entity that it is about. */
  faultAt(id: string, fault: Fault): string;
}

/**
 * Reads Kong's declarative format: entities by collection, nested in their parents or not. Those without an
 * `id` get one that is made of their name, or of their place where they have none: the same each time.
 *
 * @throws {ConfigError} naming every fault by file, line and path. An unknown key is one.
 * @see {@link https://developer.konghq.com/gateway/db-less-mode/ | Kong, declarative configuration}
 */
export function parseDeclarative(text: string, file: string, now: Date): Declared {
  const { value, faultsAt } = placedFaults(text, file);
  const faults: Fault[] = [];
  const placed = flatten(value, faults);
  const places = new Map<string, Placed["path"]>();
  const broken = new Set<string>();
  let state = emptyState;
  for (const { collection, given, path } of placed.toSorted(parentsFirst)) {
    const id = typeof given.id === "string" ? given.id : idOf(collection, given, path);
    try {
      const tools = { now: () => now, newId: () => id, newSecret: () => secretOf(id) };
      const changed = insert(state, collection, given, tools);
      state = changed.state;
      places.set(changed.entity.id, path);
    } catch (thrown) {
      broken.add(id).add(String(given[kinds[collection].keys[0] ?? "id"]));
      if (!refersTo(broken, thrown)) faults.push(...placedFaultsOf(thrown, path));
    }
  }
  if (faults.length > 0) throw configError(faultsAt(faults));
  return {
    state,
    faultAt: (id, { path, message }) =>
      faultsAt([{ path: [...places.get(id) ?? [], ...path], message }])[0]!,
  };
}

/** The same, as text: flat, and with all ids and times. */
export function printDeclarative(state: State): string {
  return stringify(declarationOf(state));
}

/** What {@linkcode printDeclarative} prints, as data. */
export function declarationOf(state: State): Readonly<Record<string, unknown>> {
  const lists = collections.flatMap((collection) => {
    const all = [...entitiesOf(state, collection).values()];
    return all.length === 0 ? [] : [[collection, all.map(withoutNulls)]];
  });
  return { _format_version: formatVersion, ...Object.fromEntries(lists) };
}

function flatten(value: unknown, faults: Fault[]): Placed[] {
  if (!isRecord(value)) {
    faults.push({ path: [], message: "expected a record" });
    return [];
  }
  const { _format_version: version, ...lists } = value;
  if (version !== formatVersion) {
    faults.push({ path: ["_format_version"], message: `expected one of: ${formatVersion}` });
  }
  for (const key of Object.keys(lists)) {
    if (!(key in kinds)) faults.push({ path: [key], message: "unknown field" });
  }
  const known = collections.filter((collection) => collection in lists);
  return known.flatMap((collection) =>
    listed(collection, { list: lists[collection], path: [], faults })
  );
}

interface Listed {
  readonly list: unknown;
  readonly path: readonly PropertyKey[];
  readonly faults: Fault[];
  readonly parent?: Input;
}

function listed(collection: Collection, { list, path, faults, parent = {} }: Listed): Placed[] {
  const at = [...path, collection];
  if (!Array.isArray(list)) {
    faults.push({ path: at, message: "expected an array" });
    return [];
  }
  return list.flatMap((value: unknown, index): Placed[] => {
    const path = [...at, index];
    if (!isRecord(value)) {
      faults.push({ path, message: "expected a record" });
      return [];
    }
    const { singular, nested } = kinds[collection];
    const own = Object.entries(value).filter(([key]) => !isNested(nested, key));
    const given: Input = { ...Object.fromEntries(own), ...parent };
    const id = typeof given.id === "string" ? given.id : idOf(collection, given, path);
    const children = nested.filter((child) => child in value).flatMap((child) =>
      listed(child, { list: value[child], path, faults, parent: { [singular]: { id } } })
    );
    return [{ collection, given: { ...given, id }, path }, ...children];
  });
}

function isNested(nested: readonly Collection[], key: string): boolean {
  return nested.some((collection) => collection === key);
}

/** In the order of {@linkcode kinds}: what is referred to comes first. */
function parentsFirst(one: Placed, other: Placed): number {
  return collections.indexOf(one.collection) - collections.indexOf(other.collection);
}

/** What is missing because it has faults of its own is told by those. */
function refersTo(broken: ReadonlySet<string>, thrown: unknown): boolean {
  if (!(thrown instanceof Violation) || thrown.code !== 4) return false;
  return Object.values(thrown.fields).some((parent) => broken.has((parent as { id: string }).id));
}

function placedFaultsOf(thrown: unknown, path: readonly PropertyKey[]): Fault[] {
  if (!(thrown instanceof Violation)) throw thrown;
  if (thrown.faults.length === 0) {
    const [field] = Object.keys(thrown.fields);
    return [{ path: field ? [...path, field] : path, message: thrown.message }];
  }
  return thrown.faults.map(({ path: within, message }) => ({
    path: [...path, ...within],
    message,
  }));
}

/** A UUID of version 5 in form, made of what tells this entity from all others of the file. */
function idOf(collection: Collection, given: Input, path: readonly PropertyKey[]): string {
  const [key] = kinds[collection].keys;
  const named = key === undefined ? undefined : given[key];
  const name = typeof named === "string" ? named : JSON.stringify(path);
  return uuidOf(`${collection}:${name}`);
}

function uuidOf(text: string): string {
  const hash = createHash("sha256").update(`sallyport:${text}`).digest("hex");
  const variant = "89ab"[parseInt(hash[16]!, 16) % 4]!;
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `5${hash.slice(13, 16)}`,
    `${variant}${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join("-");
}

/** A file that leaves a secret out cannot be given one that each worker and each start makes anew. */
function secretOf(_id: string): never {
  throw new Violation(2, "schema violation (key: required field missing)", {
    key: "required field missing",
  }, [{ path: ["key"], message: "required field missing" }]);
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, field]) =>
      field === null ? [] : [[key, withoutNulls(field)]]
    ),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
