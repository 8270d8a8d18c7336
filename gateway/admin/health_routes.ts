import { childrenOf, findEntity, type Target } from "../entities/mod.ts";
import type { AddRoute, AdminDependencies } from "./admin_api.ts";
import { notFound, reply } from "./replies.ts";

/** How the targets of an upstream are, and a word of the operator's on it, which checks may overrule. */
export function addHealthRoutes(
  add: AddRoute,
  { live, edges, facts: { nodeId } }: AdminDependencies,
): void {
  add("/upstreams/:upstream/health", {
    GET: async (_request, { upstream = "" }) => {
      const entity = findEntity(live.state, "upstreams", upstream);
      const reports = entity && await edges.healthOf(entity.id);
      if (!reports) return notFound();
      const data = reports.map(({ target, health }) => ({ ...target, health }));
      return reply(200, { data, next: null, total: data.length, "node_id": nodeId });
    },
  });
  for (const [word, isHealthy] of [["healthy", true], ["unhealthy", false]] as const) {
    add(`/upstreams/:upstream/targets/:target/${word}`, {
      PUT: async (_request, { upstream = "", target = "" }) => {
        const found = targetOf(live, upstream, target);
        return found && await edges.setHealth(found, isHealthy) ? reply(204) : notFound();
      },
    });
  }
}

function targetOf(
  { state }: AdminDependencies["live"],
  upstream: string,
  key: string,
): Target | undefined {
  const entity = findEntity(state, "upstreams", upstream);
  if (!entity) return undefined;
  const id = entity.id;
  const targets = childrenOf(state, { collection: "targets", field: "upstream", id });
  return targets.find((target) => target.id === key || target.target === key) as Target | undefined;
}
