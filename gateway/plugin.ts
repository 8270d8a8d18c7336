import { z } from "zod";
import type { Authenticate } from "platform/access";
import type { Exchange } from "./exchange.ts";
import type { RequestCounter } from "./ports.ts";

/** What plugins may use beyond their own configuration. */
export interface PluginTools {
  readonly authenticate: Authenticate;
  readonly counters: RequestCounter;
  readonly now: () => Date;
  readonly newId: () => string;
  /** What clients call the edge. */
  readonly edge: URL;
  /** Where in the configuration this use of the plugin stands: unlike that of any other use. */
  readonly place: string;
}

/** A plugin at work, in Kong's phases. */
export interface PluginHandler {
  /**
   * Before the service is asked. An answer given here is the answer.
   *
   * @throws {Problem} to refuse the request.
   */
  access?(exchange: Exchange): void | Response | Promise<void | Response>;
  /** On the headers of every answer, refusals included. */
  headerFilter?(exchange: Exchange, headers: Headers): void;
}

/** One behaviour that `gateway.yaml` can attach to everything, a service or a route. */
export interface Plugin<Config extends z.ZodType = z.ZodType> {
  /** The name used in `gateway.yaml`: Kong's, wherever Kong has such a plugin. */
  readonly name: string;
  readonly config: Config;
  /** Also runs for requests that no route is found for, when it is configured for everything. */
  readonly runsWithoutRoute?: true;
  create(config: z.output<Config>, tools: PluginTools): PluginHandler;
}

export function definePlugin<Config extends z.ZodType>(plugin: Plugin<Config>): Plugin<Config> {
  return plugin;
}

/** One use of a plugin in `gateway.yaml`, with configuration that its own schema has accepted. */
export interface PluginUse {
  readonly name: string;
  readonly enabled: boolean;
  readonly config: unknown;
  create(tools: PluginTools): PluginHandler;
}

/** The shape of a use of `plugin`. */
export function pluginUse<Config extends z.ZodType>(
  plugin: Plugin<Config>,
): z.ZodType<PluginUse> {
  // A plugin without `config` is configured by its defaults, where it has them.
  const config = z.preprocess((given) => given ?? {}, plugin.config as z.ZodType);
  return z.strictObject({
    name: z.literal(plugin.name),
    enabled: z.boolean().default(true),
    config,
  }).transform((use) => ({
    ...use,
    create: (tools: PluginTools) => plugin.create(use.config as z.output<Config>, tools),
  }));
}
