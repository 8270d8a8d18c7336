import {
  type Changed,
  type Collection,
  entitiesOf,
  type Entity,
  findEntity,
  type Input,
  insert,
  kinds,
  patch,
  put,
  referenceOf,
  remove,
  type State,
} from "../entities/mod.ts";
import { findPlugin } from "../plugins/mod.ts";
import type { AdminDependencies } from "./admin_api.ts";
import { fieldsOfBody, typedFields } from "./fields_of_body.ts";
import { pageOf } from "./listing.ts";
import { notFound, reply } from "./replies.ts";
import { changeWithSnis, printedEntity } from "./certificate_snis.ts";

/** Some of a collection: all of it, or what hangs below one parent. */
export interface Collected {
  readonly collection: Collection;
  readonly within?: { readonly field: string; readonly id: string };
}

const uuidForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What can be asked of any collection. */
export class EntityRequests {
  readonly #live: AdminDependencies["live"];
  readonly #tools: AdminDependencies["tools"];

  constructor({ live, tools }: Pick<AdminDependencies, "live" | "tools">) {
    this.#live = live;
    this.#tools = tools;
  }

  find(collection: Collection, key: string): Entity | undefined {
    return findEntity(this.#live.state, collection, key);
  }

  list(request: Request, collected: Collected): Response {
    const { state } = this.#live;
    const page = pageOf(entitiesIn(state, collected), new URL(request.url));
    const data = page.data.map((entity) => printedEntity(state, collected.collection, entity));
    return reply(200, { ...page, data });
  }

  read(collected: Collected, key: string): Response {
    const { state } = this.#live;
    const entity = findIn(state, collected, key);
    if (!entity) return notFound();
    return reply(200, printedEntity(state, collected.collection, entity));
  }

  async create(request: Request, collected: Collected): Promise<Response> {
    const { collection } = collected;
    const given = await this.#fieldsOf(request, collected);
    return await this.#change(
      201,
      collection,
      (state) =>
        changeWithSnis(
          { collection, given, tools: this.#tools },
          (fields) => insert(state, collection, fields, this.#tools),
        ),
    );
  }

  /** Replaces the entity, or makes it: with the id that its path gives, or the name. */
  async put(request: Request, collected: Collected, key: string): Promise<Response> {
    const { collection } = collected;
    const given = await this.#fieldsOf(request, collected);
    const name = kinds[collection].keyWithinParent ?? kinds[collection].keys[0];
    return await this.#change(200, collection, (state) => {
      const id = findIn(state, collected, key)?.id ??
        (uuidForm.test(key) ? key : this.#tools.newId());
      const isNamed = !uuidForm.test(key) && name !== undefined;
      const named = isNamed ? { ...given, [name]: key } : given;
      return changeWithSnis(
        { collection, given: named, tools: this.#tools },
        (fields) => put(state, collection, { id, given: fields, tools: this.#tools }),
      );
    });
  }

  async patch(request: Request, collected: Collected, key: string): Promise<Response> {
    const { collection } = collected;
    const found = findIn(this.#live.state, collected, key);
    if (!found) return notFound();
    // Which plugin it is decides how its fields are read, and a change need not repeat that.
    const given = await this.#fieldsOf(request, collected, { name: found.name });
    return await this.#change(200, collection, (state) => {
      const entity = findIn(state, collected, found.id);
      if (!entity) return undefined;
      return changeWithSnis(
        { collection, given, tools: this.#tools },
        (fields) => patch(state, collection, { entity, given: fields, tools: this.#tools }),
      );
    });
  }

  /** What is not there needs no removing. */
  async remove(collected: Collected, key: string): Promise<Response> {
    await this.#live.change((state) => {
      const entity = findIn(state, collected, key);
      return { state: entity ? remove(state, collected.collection, entity) : state };
    });
    return reply(204);
  }

  async #change(
    status: number,
    collection: Collection,
    change: (state: State) => Changed | undefined,
  ): Promise<Response> {
    const { state, entity } = await this.#live.change((state) =>
      change(state) ?? { state, entity: undefined }
    );
    if (!entity) return notFound();
    return reply(status, printedEntity(state, collection, entity));
  }

  async #fieldsOf(
    request: Request,
    { collection, within }: Collected,
    known: Input = {},
  ): Promise<Input> {
    const body = await fieldsOfBody(request);
    const { fields, fieldsFor } = kinds[collection];
    const expanded = expand(collection, { ...known, ...body.given });
    const schema = fieldsFor?.(expanded) ?? fields;
    const typed = typedFields({ ...body, given: expanded }, schema);
    const given = Object.fromEntries(
      Object.entries(typed).filter(([name]) => !(name in known) || name in body.given),
    );
    return within ? { ...given, [within.field]: { id: within.id } } : given;
  }
}

/** Shorthands of plugins stand for fields whose types count. */
function expand(collection: Collection, given: Input): Input {
  if (collection !== "plugins" || typeof given.name !== "string") return given;
  const prepare = findPlugin(given.name)?.prepare;
  if (!prepare || typeof given.config !== "object" || given.config === null) return given;
  return { ...given, config: prepare(given.config as Record<string, unknown>) };
}

function entitiesIn(state: State, { collection, within }: Collected): Entity[] {
  const all = [...entitiesOf(state, collection).values()];
  return within ? all.filter((entity) => referenceOf(entity[within.field]) === within.id) : all;
}

function findIn(state: State, collected: Collected, key: string): Entity | undefined {
  const { collection, within } = collected;
  const name = kinds[collection].keyWithinParent;
  const found = findEntity(state, collection, key) ??
    (within && name
      ? entitiesIn(state, collected).find((entity) => entity[name] === key)
      : undefined);
  if (!found || (within && referenceOf(found[within.field]) !== within.id)) return undefined;
  return found;
}
