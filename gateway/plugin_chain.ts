import type { PluginUse } from "./entities/mod.ts";
import type { Exchange } from "./exchange.ts";
import type { Plugin, PluginHandler, PluginTools, Summary } from "./plugin.ts";
import { jwt, plugins } from "./plugins/mod.ts";

export type Tools = Omit<PluginTools, "place">;

/** One plugin on the way of a request: what it does for most callers, and for some consumers instead. */
interface Link {
  readonly handler: PluginHandler | undefined;
  readonly byConsumer: ReadonlyMap<string, PluginHandler>;
  readonly runsWithoutRoute: boolean;
}

/** The plugins that one request passes, in their order. */
export class PluginChain {
  readonly #links: readonly Link[];
  readonly #accesses: readonly Link[];
  readonly #responses: readonly Link[];
  readonly #headerFilters: readonly Link[];
  readonly #logs: readonly Link[];

  constructor(links: readonly Link[]) {
    const having = (phase: keyof PluginHandler) =>
      links.filter(({ handler, byConsumer }) =>
        handler?.[phase] || byConsumer.values().some((handler) => handler[phase])
      );
    this.#links = links;
    this.#accesses = having("access");
    this.#responses = having("response");
    this.#headerFilters = having("headerFilter");
    this.#logs = having("log");
  }

  /** Those of them that also run for requests that no route is found for. */
  withoutRoute(): PluginChain {
    return new PluginChain(this.#links.filter(({ runsWithoutRoute }) => runsWithoutRoute));
  }

  /** @returns the answer, when a plugin gives it. @throws {Problem} when one refuses. */
  async access(exchange: Exchange): Promise<Response | undefined> {
    for (const link of this.#accesses) {
      const step = handlerFor(link, exchange)?.access?.(exchange);
      const answer = step instanceof Promise ? await step : step;
      if (answer) return answer;
    }
    return undefined;
  }

  /** What plugins make of the service's answer, the last in order first. */
  async respond(exchange: Exchange, response: Response): Promise<Response> {
    let answer = response;
    for (const link of this.#responses.toReversed()) {
      const handler = handlerFor(link, exchange);
      if (handler?.response) answer = await handler.response(exchange, answer);
    }
    return answer;
  }

  get hasResponders(): boolean {
    return this.#responses.length > 0;
  }

  /** Finishes an answer, whoever gave it. Its headers must be ours to change. */
  finish(exchange: Exchange, response: Response): Response {
    const { headers } = response;
    for (const [name, value] of exchange.answerHeaders) headers.set(name, value);
    for (const link of this.#headerFilters) {
      handlerFor(link, exchange)?.headerFilter?.(exchange, headers);
    }
    return response;
  }

  log(exchange: Exchange, summary: Summary): void {
    for (const link of this.#logs) handlerFor(link, exchange)?.log?.(exchange, summary);
  }
}

function handlerFor(
  { handler, byConsumer }: Link,
  { consumer }: Exchange,
): PluginHandler | undefined {
  if (!consumer || byConsumer.size === 0) return handler;
  return byConsumer.get(consumer.id) ?? handler;
}

/**
 * The chain of a route: of each plugin the one use that says most precisely whom it is for, as in Kong.
 * Unless the route is public, it demands a token, whether or not the configuration speaks of it.
 */
export function routeChain(
  uses: readonly PluginUse[],
  { isPublic, tools }: { readonly isPublic: boolean; readonly tools: Tools },
): PluginChain {
  return new PluginChain(plugins.flatMap((plugin): Link[] => {
    const own = uses.filter(({ name }) => name === plugin.name).toSorted(byPrecision);
    const handlerOf = (use: PluginUse) =>
      (plugin as Plugin).create(use.config, { ...tools, place: `${plugin.name} ${use.id}` });
    const general = own.find(({ consumer }) => !consumer);
    // The most precise comes last, and is the one that stays.
    const personal = own.filter((use) => use.consumer && !isOutdone(use, general)).toReversed();
    const isDemanded = plugin.name === jwt.name && !isPublic && !general;
    if (plugin.name === jwt.name && isPublic) return [];
    if (own.length === 0 && !isDemanded) return [];
    return [{
      handler: isDemanded ? defaultJwt(tools) : general && handlerOf(general),
      byConsumer: new Map(personal.map((use) => [use.consumer!.id, handlerOf(use)])),
      runsWithoutRoute: plugin.runsWithoutRoute ?? false,
    }];
  }));
}

function defaultJwt(tools: Tools): PluginHandler {
  return jwt.create(jwt.config.parse({}), { ...tools, place: "" });
}

/** What is for a consumer everywhere gives way to what is for all at this route of this service. */
function isOutdone(use: PluginUse, general: PluginUse | undefined): boolean {
  return general !== undefined && byPrecision(general, use) < 0;
}

/** @see {@link https://developer.konghq.com/gateway/entities/plugin/ | Kong, plugin precedence} */
function byPrecision(one: PluginUse, other: PluginUse): number {
  return precisionOf(other) - precisionOf(one);
}

function precisionOf({ route, service, consumer }: PluginUse): number {
  const named = [consumer, route, service].filter((scope) => scope !== null).length;
  return named * 8 + Number(consumer !== null) * 4 + Number(route !== null) * 2 +
    Number(service !== null);
}
