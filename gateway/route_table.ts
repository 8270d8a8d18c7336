import {
  type GatewayConfig,
  type Method,
  methods as everyMethod,
  type RouteConfig,
} from "./gateway_config.ts";
import { type RequestFacts, type RouteConditions, routeConditions } from "./route_conditions.ts";
import { anyPath, type RoutePath, routePath } from "./route_path.ts";

/** One path of one route, as requests are matched with it. */
export interface RouteEntry {
  readonly config: RouteConfig;
  readonly path: RoutePath;
  readonly methods: ReadonlySet<string>;
  readonly conditions: RouteConditions;
}

/**
 * Every path of every route, in the order in which Kong tries them: the route that says most about its
 * requests first; then whole host names, more headers, expressions before prefixes, the greater
 * `regex_priority`, the longer prefix, the earlier.
 *
 * @see {@link https://developer.konghq.com/gateway/traffic-control/routing/ | Kong, how routing works}
 */
export function routeTable({ routes }: Pick<GatewayConfig, "routes">): RouteEntry[] {
  const entries = routes.filter(({ route }) => route.protocols.includes("https")).flatMap((
    config,
  ) =>
    pathsOf(config).map((path): RouteEntry => ({
      config,
      path,
      methods: new Set<string>(config.route.methods ?? everyMethod),
      conditions: routeConditions(config.route),
    }))
  );
  return entries.toSorted(compare);
}

/** The methods by which a request's path is known, in the order of {@linkcode everyMethod}; none when it is unknown. */
export function methodsOf(table: readonly RouteEntry[], facts: RequestFacts): Method[] {
  const fitting = table.filter((entry) => fits(entry, facts));
  return everyMethod.filter((method) => fitting.some(({ methods }) => methods.has(method)));
}

/** The route that a request by `method` is for. */
export function routeFor(
  table: readonly RouteEntry[],
  facts: RequestFacts,
  method: string,
): RouteEntry | undefined {
  return table.find((entry) => entry.methods.has(method) && fits(entry, facts));
}

function fits({ path, conditions }: RouteEntry, facts: RequestFacts): boolean {
  return path.match(facts.target.path) !== undefined && conditions.hold(facts);
}

function pathsOf({ route: { paths } }: RouteConfig): RoutePath[] {
  return paths?.map(routePath) ?? [anyPath];
}

function compare(one: RouteEntry, other: RouteEntry): number {
  return weightOf(other) - weightOf(one) ||
    hostWeightOf(other) - hostWeightOf(one) ||
    other.conditions.headerCount - one.conditions.headerCount ||
    Number(other.path.isRegex) - Number(one.path.isRegex) ||
    (one.path.isRegex
      ? other.config.route.regex_priority - one.config.route.regex_priority
      : other.path.source.length - one.path.source.length);
}

/** How many kinds of condition a route has. */
function weightOf({ config: { route } }: RouteEntry): number {
  const { methods, hosts, paths, headers, snis } = route;
  return [methods, hosts, paths, headers, snis].filter((condition) => condition !== null).length;
}

function hostWeightOf({ config: { route: { hosts } } }: RouteEntry): number {
  if (!hosts) return 0;
  const wild = hosts.filter((host) => host.includes("*"));
  if (wild.length === 0) return 2;
  return wild.some((host) => /:\d+$/.test(host)) ? 1 : 0;
}
