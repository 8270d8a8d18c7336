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

/** A route that a request is for. */
export interface FoundRoute {
  readonly entry: RouteEntry;
  /** The part of the request's path that the route is known by. */
  readonly matched: string;
}

/** An entry, and how many come before it. */
interface Ranked {
  readonly rank: number;
  readonly entry: RouteEntry;
}

/**
 * Every path of every route, in the order in which Kong tries them: the route that says most about its
 * requests first; then whole host names, more headers, expressions before prefixes, the greater
 * `regex_priority`, the longer prefix, the earlier.
 *
 * A request is looked up by each beginning of its path that a route begins with: what that costs depends on how
 * many lengths those have, and hardly on how many routes there are.
 *
 * @see {@link https://developer.konghq.com/gateway/traffic-control/routing/ | Kong, how routing works}
 */
export class RouteTable {
  readonly entries: readonly RouteEntry[];
  /** In their order, by the literal that their paths begin with. */
  readonly #byLiteral: ReadonlyMap<string, readonly Ranked[]>;
  /** Of the literals, ascending. */
  readonly #lengths: readonly number[];

  constructor({ routes }: Pick<GatewayConfig, "routes">) {
    const served = routes.filter(({ route }) => route.protocols.includes("https"));
    this.entries = served.flatMap(entriesOf).toSorted(compare);
    const ranked = this.entries.map((entry, rank): Ranked => ({ entry, rank }));
    this.#byLiteral = Map.groupBy(ranked, ({ entry }) => entry.path.literal);
    const lengths = new Set(this.#byLiteral.keys().map(({ length }) => length));
    this.#lengths = [...lengths].toSorted((one, other) => one - other);
  }

  /** The first route that a request by `method` fits. */
  find(facts: RequestFacts, method: string): FoundRoute | undefined {
    const { path } = facts.target;
    let found: FoundRoute | undefined;
    let foundRank = Infinity;
    for (const length of this.#lengths) {
      if (length > path.length) break;
      for (const { rank, entry } of this.#byLiteral.get(path.slice(0, length)) ?? none) {
        if (rank > foundRank) break;
        if (!entry.methods.has(method)) continue;
        const matched = partOf(entry, facts);
        if (matched === undefined) continue;
        found = { entry, matched };
        foundRank = rank;
        break;
      }
    }
    return found;
  }

  /** The methods by which a request's path is known, in the order of {@linkcode everyMethod}; none when it is unknown. */
  methodsOf(facts: RequestFacts): Method[] {
    const fitting = this.entries.filter((entry) => partOf(entry, facts) !== undefined);
    return everyMethod.filter((method) => fitting.some(({ methods }) => methods.has(method)));
  }
}

const none: readonly Ranked[] = [];

function partOf({ path, conditions }: RouteEntry, facts: RequestFacts): string | undefined {
  const matched = path.match(facts.target.path);
  return matched !== undefined && conditions.hold(facts) ? matched : undefined;
}

function entriesOf(config: RouteConfig): RouteEntry[] {
  const methods = new Set<string>(config.route.methods ?? everyMethod);
  const conditions = routeConditions(config.route);
  return pathsOf(config).map((path) => ({ config, path, methods, conditions }));
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
