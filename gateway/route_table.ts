import type { GatewayConfig, Method, RouteConfig, ServiceConfig } from "./gateway_config.ts";
import { methods as everyMethod } from "./gateway_config.ts";
import { type RoutePath, routePath } from "./route_path.ts";

/** One path of one route, as requests are matched with it. */
export interface RouteEntry {
  readonly service: ServiceConfig;
  readonly route: RouteConfig;
  readonly path: RoutePath;
  readonly methods: ReadonlySet<string>;
}

/**
 * Every path of every route, in the order in which Kong tries them: a route that names methods before one
 * that does not; expressions before prefixes; the greater `regex_priority`; the longer prefix; the earlier.
 */
export function routeTable({ services }: GatewayConfig): RouteEntry[] {
  const entries = services.flatMap((service) =>
    service.routes.flatMap((route) =>
      route.paths.map((source) => ({
        service,
        route,
        path: routePath(source),
        methods: new Set<string>(route.methods ?? everyMethod),
      }))
    )
  );
  return entries.toSorted(compare);
}

/** The methods by which `path` is known, in the order of {@linkcode everyMethod}; none when it is unknown. */
export function methodsOf(table: readonly RouteEntry[], path: string): Method[] {
  const fitting = table.filter((entry) => entry.path.match(path) !== undefined);
  return everyMethod.filter((method) => fitting.some(({ methods }) => methods.has(method)));
}

/** The route that a request for `path` by `method` is for. */
export function routeFor(
  table: readonly RouteEntry[],
  path: string,
  method: string,
): RouteEntry | undefined {
  return table.find((entry) => entry.methods.has(method) && entry.path.match(path) !== undefined);
}

function compare(one: RouteEntry, other: RouteEntry): number {
  return Number(!one.route.methods) - Number(!other.route.methods) ||
    Number(other.path.isRegex) - Number(one.path.isRegex) ||
    (one.path.isRegex
      ? other.route.regex_priority - one.route.regex_priority
      : other.path.source.length - one.path.source.length);
}
