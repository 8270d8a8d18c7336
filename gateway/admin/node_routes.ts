import { collections, entitiesOf, type Kind, kinds } from "../entities/mod.ts";
import { findPlugin, plugins } from "../plugins/mod.ts";
import type { AddRoute, AdminDependencies } from "./admin_api.ts";
import { fieldsOfBody, typedFields } from "./fields_of_body.ts";
import { pageOf } from "./listing.ts";
import { kongVersion, notFound, refusal, reply } from "./replies.ts";
import { printEntitySchema, printPluginSchema } from "./schema_print.ts";
import { emptyState, type Input, insert } from "../entities/mod.ts";

/** What the gateway tells of itself. */
export interface NodeFacts {
  /** Another one at each start. */
  readonly nodeId: string;
  readonly hostname: string;
}

/** What is not about one entity: the node, what it has, and the schemas. */
export function addNodeRoutes(add: AddRoute, deps: AdminDependencies): void {
  const { live, edges, tools } = deps;
  add("/", { GET: () => reply(200, informationOf(deps)) });
  add("/status", {
    GET: async () => {
      const { requests, inFlight } = await edges.counts();
      return reply(200, {
        database: { reachable: true },
        server: { connections_active: inFlight, total_requests: requests },
        memory: { workers_rss_bytes: Deno.memoryUsage().rss },
      });
    },
  });
  add("/status/ready", { GET: () => reply(200, { message: "ready" }) });
  add("/plugins/enabled", {
    GET: () => reply(200, { enabled_plugins: plugins.map(({ name }) => name) }),
  });
  add("/tags", { GET: (request) => reply(200, tagsOf(live.state, request)) });
  add("/tags/:tag", { GET: (request, { tag }) => reply(200, tagsOf(live.state, request, tag)) });

  add("/schemas/plugins/validate", {
    POST: (request) => validate(request, kinds.plugins, tools.newId),
  });
  add("/schemas/plugins/:name", {
    GET: (_request, { name = "" }) => {
      const plugin = findPlugin(name);
      if (!plugin) return reply(404, { message: `No plugin named '${name}'` });
      return reply(200, printPluginSchema(kinds.plugins, plugin.config));
    },
  });
  add("/schemas/:entity", {
    GET: (_request, { entity = "" }) => {
      const kind = kindNamed(entity);
      if (!kind) return reply(404, { message: `No entity named '${entity}'` });
      return reply(200, printEntitySchema(kind));
    },
  });
  add("/schemas/:entity/validate", {
    POST: (request, { entity = "" }) => {
      const kind = kindNamed(entity);
      return kind ? validate(request, kind, tools.newId) : notFound();
    },
  });
}

function kindNamed(name: string): Kind<unknown> | undefined {
  return collections.map((collection) => kinds[collection]).find(({ collection }) =>
    collection === name
  );
}

function informationOf({ facts, live }: AdminDependencies): Record<string, unknown> {
  const inUse = new Set([...live.state.plugins.values()].map(({ name }) => name));
  return {
    version: kongVersion,
    edition: "community",
    tagline: "Welcome to Sallyport, which answers like Kong",
    hostname: facts.hostname,
    node_id: facts.nodeId,
    // Changes are kept by the gateway itself, and none is refused as in Kong's mode without a database.
    configuration: { database: "file", plugins: ["bundled"] },
    plugins: {
      available_on_server: Object.fromEntries(
        plugins.map(({ name }, at) => [name, {
          version: kongVersion,
          priority: (plugins.length - at) * 100,
        }]),
      ),
      enabled_in_cluster: [...inUse],
    },
  };
}

function tagsOf(
  state: AdminDependencies["live"]["state"],
  request: Request,
  wanted?: string,
): unknown {
  const tagged = collections.flatMap((collection) =>
    [...entitiesOf(state, collection).values()].flatMap((entity) =>
      (entity.tags as readonly string[] | null ?? [])
        .filter((tag) => wanted === undefined || tag === wanted)
        .map((tag) => ({ ...entity, tag, collection }))
    )
  );
  const url = new URL(request.url);
  url.searchParams.delete("tags");
  const page = pageOf(tagged, url);
  const data = (page.data as typeof tagged).map(({ id, tag, collection }) => ({
    entity_id: id,
    entity_name: collection,
    tag,
  }));
  return { ...page, data };
}

/** Whether an entity would be taken, references aside. */
async function validate(
  request: Request,
  kind: Kind<unknown>,
  newId: () => string,
): Promise<Response> {
  const body = await fieldsOfBody(request);
  const given = typedFields(body, kind.fieldsFor?.(body.given) ?? kind.fields);
  const own: Input = Object.fromEntries(
    Object.entries(given).filter(([name]) => !(name in kind.parents)),
  );
  try {
    insert(emptyState, kind.collection, own, {
      now: () => new Date(),
      newId,
      newSecret: newId,
    });
  } catch (thrown) {
    const refused = refusal(thrown);
    if (refused) return refused;
    throw thrown;
  }
  return reply(200, { message: "schema validation successful" });
}
