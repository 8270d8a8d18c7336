import { Hono } from "hono";
import type { Logger } from "platform/telemetry";
import {
  type ChangeTools,
  collections,
  findEntity,
  type Kind,
  kinds,
  referenceOf,
} from "../entities/mod.ts";
import type { Edges } from "../edges.ts";
import type { LiveGateway } from "../live_gateway.ts";
import { addConfigRoutes } from "./config_routes.ts";
import { type Collected, EntityRequests } from "./entity_requests.ts";
import { addHealthRoutes } from "./health_routes.ts";
import { addNodeRoutes, type NodeFacts } from "./node_routes.ts";
import { notFound, refusal, reply } from "./replies.ts";

export interface AdminDependencies {
  readonly live: Pick<LiveGateway, "state" | "change">;
  readonly tools: ChangeTools;
  readonly facts: NodeFacts;
  /** What is known of how upstreams' targets are, and what has been counted. */
  readonly edges: Pick<Edges, "healthOf" | "setHealth" | "counts">;
  readonly log: Logger;
}

export interface AdminApi {
  /** Answers any request, in Kong's shapes. Never throws. Who may ask is for the listener to say. */
  fetch(request: Request): Promise<Response>;
}

type Answer = (request: Request, params: Readonly<Record<string, string>>) =>
  | Response
  | Promise<Response>;
type Answers = Readonly<Partial<Record<"GET" | "POST" | "PUT" | "PATCH" | "DELETE", Answer>>>;

/** Adds a path, and what it answers to each method; other methods are told which there are. */
export type AddRoute = (path: string, answers: Answers) => void;

/**
 * Kong's Admin API over the configuration in force.
 *
 * @see {@link https://developer.konghq.com/api/gateway/admin-oss/ | Kong, Admin API}
 */
export function createAdminApi(deps: AdminDependencies): AdminApi {
  const hono = new Hono();
  const add: AddRoute = (path, answers) => {
    const methods = [...Object.keys(answers), ...answers.GET ? ["HEAD"] : [], "OPTIONS"];
    hono.all(path, ({ req }) => {
      const { raw, method } = req;
      const answer = answers[(method === "HEAD" ? "GET" : method) as keyof Answers];
      if (answer) return answer(raw, req.param());
      const response = method === "OPTIONS"
        ? reply(204)
        : reply(405, { message: "Method not allowed" });
      response.headers.set("allow", methods.join(", "));
      return response;
    });
  };
  const requests = new EntityRequests(deps);
  addNodeRoutes(add, deps);
  addConfigRoutes(add, deps);
  addHealthRoutes(add, deps);
  for (const collection of collections) addEntityRoutes(add, kinds[collection], requests);
  addParentRoutes(add, deps, requests);
  hono.notFound(notFound);
  hono.onError((thrown) => {
    const known = refusal(thrown);
    if (!known) deps.log.failure("Admin request failed", thrown);
    return known ?? reply(500, { message: "An unexpected error occurred" });
  });
  return { fetch: async (request) => await hono.fetch(request) };
}

function addEntityRoutes(add: AddRoute, kind: Kind<unknown>, requests: EntityRequests): void {
  const { collection, under, parents } = kind;
  const own = under ? under.collectionPath : collection;
  if (own !== undefined) addCollection(add, `/${own}`, () => ({ collection }), requests);
  for (const [field, parent] of Object.entries(parents)) {
    const segment = under?.parent === field ? under.segment : collection;
    const path = `/${parent.collection}/:parent/${segment}`;
    const within = (params: Readonly<Record<string, string>>) => {
      const entity = requests.find(parent.collection, params.parent!);
      return entity && { collection, within: { field, id: entity.id } };
    };
    addCollection(add, path, within, requests);
  }
}

function addCollection(
  add: AddRoute,
  path: string,
  collectedOf: (params: Readonly<Record<string, string>>) => Collected | undefined,
  requests: EntityRequests,
): void {
  const on = (act: (request: Request, collected: Collected, key: string) => ReturnType<Answer>) =>
    ((request, params) => {
      const collected = collectedOf(params);
      return collected ? act(request, collected, params.key ?? "") : notFound();
    }) satisfies Answer;
  add(path, {
    GET: on((request, collected) => requests.list(request, collected)),
    POST: on((request, collected) => requests.create(request, collected)),
  });
  add(`${path}/:key`, {
    GET: on((_request, collected, key) => requests.read(collected, key)),
    PUT: on((request, collected, key) => requests.put(request, collected, key)),
    PATCH: on((request, collected, key) => requests.patch(request, collected, key)),
    DELETE: on((_request, collected, key) => requests.remove(collected, key)),
  });
}

/** What an entity refers to, reached through it: `/routes/{route}/service`. */
function addParentRoutes(
  add: AddRoute,
  { live }: AdminDependencies,
  requests: EntityRequests,
): void {
  for (const collection of collections) {
    const { parents, under } = kinds[collection];
    for (const [field, parent] of Object.entries(parents)) {
      const path = under ? under.collectionPath : collection;
      if (path === undefined) continue;
      const keyOf = (key: string) => referenceOf(findEntity(live.state, collection, key)?.[field]);
      const collected = { collection: parent.collection };
      add(`/${path}/:key/${field}`, {
        GET: (_request, { key = "" }) => requests.read(collected, keyOf(key) ?? ""),
        PATCH: (request, { key = "" }) => requests.patch(request, collected, keyOf(key) ?? ""),
      });
    }
  }
}
