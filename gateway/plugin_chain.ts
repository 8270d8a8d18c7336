import type { Exchange } from "./exchange.ts";
import type { PluginHandler, PluginTools, PluginUse } from "./plugin.ts";
import { jwt, plugins } from "./plugins/mod.ts";

/** Where a use of a plugin stands: the nearer to the route, the stronger. */
export interface Scope {
  /** Unlike that of any other scope. */
  readonly place: string;
  readonly plugins: readonly PluginUse[];
}

export type Tools = Omit<PluginTools, "place">;

interface Link {
  readonly handler: PluginHandler;
  readonly runsWithoutRoute: boolean;
}

/** The plugins that one request passes, in their order. */
export class PluginChain {
  readonly #links: readonly Link[];
  readonly #accesses: readonly PluginHandler[];
  readonly #headerFilters: readonly PluginHandler[];

  constructor(links: readonly Link[]) {
    const handlers = links.map(({ handler }) => handler);
    this.#links = links;
    this.#accesses = handlers.filter(({ access }) => access);
    this.#headerFilters = handlers.filter(({ headerFilter }) => headerFilter);
  }

  /** Those of them that also run for requests that no route is found for. */
  withoutRoute(): PluginChain {
    return new PluginChain(this.#links.filter(({ runsWithoutRoute }) => runsWithoutRoute));
  }

  /** @returns the answer, when a plugin gives it. @throws {Problem} when one refuses. */
  async access(exchange: Exchange): Promise<Response | undefined> {
    for (const handler of this.#accesses) {
      const step = handler.access!(exchange);
      const answer = step instanceof Promise ? await step : step;
      if (answer) return answer;
    }
    return undefined;
  }

  /** Finishes an answer, whoever gave it. Its headers must be ours to change. */
  finish(exchange: Exchange, response: Response): Response {
    const { headers } = response;
    for (const [name, value] of exchange.answerHeaders) headers.set(name, value);
    for (const handler of this.#headerFilters) handler.headerFilter!(exchange, headers);
    return response;
  }
}

/** Named once: a token is demanded whether or not the configuration speaks of it. */
const tokenDemanded: PluginUse = {
  name: jwt.name,
  enabled: true,
  config: {},
  create: (tools) => jwt.create({}, tools),
};

/**
 * The chain of a route: of each plugin the use in the last of `scopes` that has it, as in Kong.
 * Unless the route is public, it demands a token.
 */
export function routeChain(
  scopes: readonly Scope[],
  { isPublic, tools }: { readonly isPublic: boolean; readonly tools: Tools },
): PluginChain {
  const handlers = new Map<string, PluginHandler>();
  const demanded: Scope[] = isPublic ? [] : [{ place: "", plugins: [tokenDemanded] }];
  for (const { place, plugins } of [...demanded, ...scopes]) {
    for (const use of plugins) {
      if (use.enabled) handlers.set(use.name, use.create({ ...tools, place }));
    }
  }
  if (isPublic) handlers.delete(jwt.name);
  return new PluginChain(plugins.flatMap(({ name, ...plugin }) => {
    const handler = handlers.get(name);
    return handler ? [{ handler, runsWithoutRoute: "runsWithoutRoute" in plugin }] : [];
  }));
}
