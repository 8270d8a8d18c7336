import { Problem, problemTypes } from "platform/problem";
import type { PluginUse } from "../entities/mod.ts";
import type { Exchange } from "../exchange.ts";

/**
 * Lets in whoever is no browser's page, pages of the edge itself, and those of origins that the route's
 * `cors` names: a browser opens WebSockets for any page, and asks no preflight.
 *
 * @param plugins those that the route's requests pass.
 * @throws {Problem} `forbidden`
 */
export function checkOrigin({ request, consumer }: Exchange, { plugins, edge }: {
  readonly plugins: readonly PluginUse[];
  readonly edge: URL;
}): void {
  const origin = request.headers.get("origin");
  if (origin === null || origin === edge.origin) return;
  const isNamed = plugins.some(({ name, config, consumer: whose }) => {
    if (name !== "cors" || (whose && whose.id !== consumer?.id)) return false;
    const { origins = [] } = config as { readonly origins?: readonly string[] };
    return origins.includes(origin);
  });
  if (isNamed) return;
  const detail = "Pages of this origin may not open WebSockets here";
  throw new Problem(problemTypes.forbidden, { detail });
}
