import type { Exchange } from "./exchange.ts";
import type { RouteConfig } from "./gateway_config.ts";

/** Of a route's paths, those that are expressions. */
const expressions = new WeakMap<RouteConfig, readonly RegExp[]>();

/** What the groups of the route's path caught, by name or place; undefined when there is no such group, or it caught nothing. */
export function uriCapture(
  { matched, target: { path } }: Exchange,
  group: string | number,
): string | undefined {
  for (const expression of matched ? expressionsOf(matched) : []) {
    const match = expression.exec(path);
    if (match) return typeof group === "number" ? match[group] : match.groups?.[group];
  }
  return undefined;
}

function expressionsOf(config: RouteConfig): readonly RegExp[] {
  const known = expressions.get(config);
  if (known) return known;
  const compiled = (config.route.paths ?? []).filter((path) => path.startsWith("~"))
    .map((path) => new RegExp(`^(?:${path.slice(1)})`));
  expressions.set(config, compiled);
  return compiled;
}
