import {
  type Changed,
  type ChangeTools,
  childrenOf,
  type Collection,
  type Entity,
  type Input,
  insert,
  remove,
  schemaViolation,
  type State,
} from "../entities/mod.ts";

/** An entity as the Admin API shows it: a certificate with the names that it is shown for. */
export function printedEntity(state: State, collection: Collection, entity: Entity): Entity {
  if (collection !== "certificates") return entity;
  return { ...entity, snis: snisOf(state, entity).map(({ name }) => name) };
}

/** Makes a change, in which a certificate may be given its names together with it. */
export function changeWithSnis(
  { collection, given, tools }: {
    readonly collection: Collection;
    readonly given: Input;
    readonly tools: ChangeTools;
  },
  change: (given: Input) => Changed,
): Changed {
  if (collection !== "certificates" || given.snis === undefined) return change(given);
  const { snis, ...fields } = given;
  const changed = change(fields);
  const certificate = { id: changed.entity.id };
  let { state } = changed;
  for (const old of snisOf(state, changed.entity)) state = remove(state, "snis", old);
  for (const name of namesIn(snis)) {
    ({ state } = insert(state, "snis", { name, certificate }, tools));
  }
  return { state, entity: changed.entity };
}

function snisOf(state: State, { id }: Entity): Entity[] {
  return childrenOf(state, { collection: "snis", field: "certificate", id });
}

function namesIn(snis: unknown): readonly unknown[] {
  if (snis === null) return [];
  if (Array.isArray(snis)) return snis;
  if (typeof snis === "string") return [snis];
  throw schemaViolation([{ path: ["snis"], message: "expected an array" }]);
}
