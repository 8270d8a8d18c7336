import type { z } from "zod";
import type { Entities } from "./state.ts";

/** The name of a collection: in paths of the Admin API, and as a key of the declarative format. */
export type Collection = keyof Entities;

/** Of an entity, as it came in: nothing is known of it yet. */
export type Input = Readonly<Record<string, unknown>>;

export interface Parent {
  readonly collection: Collection;
  /** What happens to the child when its parent is removed; or the parent cannot be. */
  readonly onRemoval: "remove" | "refuse";
}

/** Where children are reached below their parent, and by themselves. */
export interface Under {
  /** The field that names the parent. */
  readonly parent: string;
  readonly segment: string;
  /** Absent when the children cannot be reached but through their parent. */
  readonly collectionPath?: string;
}

/** What an entity may need that cannot come from the client. */
export interface Makers {
  readonly newId: () => string;
  readonly newSecret: () => string;
}

/** One of Kong's entities: its fields, and how it hangs together with the others. */
export interface Kind<Fields> {
  readonly collection: Collection;
  readonly singular: string;
  /** Without `id`, `created_at` and `updated_at`, which every entity has. */
  readonly fields: z.ZodType<Fields>;
  /** By field name. */
  readonly parents: Readonly<Record<string, Parent>>;
  /** Fields that are unlike any other entity's. The first one stands for the id in paths. */
  readonly keys: readonly string[];
  /** What stands for the id in paths below the parent only. */
  readonly keyWithinParent?: string;
  /** Fields that are unlike any other entity's when taken together. */
  readonly together?: readonly (readonly string[])[];
  /** What the declarative format nests in it. */
  readonly nested: readonly Collection[];
  readonly under?: Under;
  /** Resolves shorthands and makes what is made for the client, before the fields are checked. */
  prepare?(given: Input, makers: Makers): Input;
  /** The schema that an input is held against, when that depends on the input. */
  fieldsFor?(given: Input): z.ZodType<Fields>;
}
