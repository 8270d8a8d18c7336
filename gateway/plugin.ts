import type { z } from "zod";
import type { Authenticate } from "platform/access";
import type { MetricsRegistry } from "platform/telemetry";
import type { ConsumerDirectory } from "./consumer_directory.ts";
import type { Exchange } from "./exchange.ts";
import type { LogSinks } from "./log_sinks.ts";
import type { Fault } from "./yaml_faults.ts";
import type { State } from "./entities/state.ts";
import type { AnswerCache, RequestCounter } from "./ports.ts";

/** What plugins may use beyond their own configuration. */
export interface PluginTools {
  /** Tells whose access token of the platform's issuer a request carries. */
  readonly authenticate: Authenticate;
  /** That issuer's name, which no consumer's token may bear. Undefined: there is none. */
  readonly issuer: string | undefined;
  readonly counters: RequestCounters;
  readonly cache: AnswerCaches;
  /** What is counted, whichever configuration is in force. */
  readonly metrics: MetricsRegistry;
  /** Where entries are kept, whichever configuration is in force. */
  readonly logs: LogSinks;
  /** All entities, for those that look callers or certificates up. */
  readonly state: State;
  /** The consumers among them, by what callers show. */
  readonly directory: ConsumerDirectory;
  readonly now: () => Date;
  readonly newId: () => string;
  /** What clients call the edge. */
  readonly edge: URL;
  /** Where in the configuration this use of the plugin stands: unlike that of any other use. */
  readonly place: string;
}

/** By the `policy` of a limit. */
export interface RequestCounters {
  /** In this process. */
  readonly local: RequestCounter;
  /** In Redis, for all gateways together, and in this process while Redis is away; where none is configured, always. */
  readonly redis: RequestCounter;
  /** The same, but throws while Redis is away. */
  readonly redisAlone: RequestCounter;
}

/** By the `strategy` of a cache. */
export interface AnswerCaches {
  /** In this process. */
  readonly memory: AnswerCache;
  /** In Redis, for all gateways together; in this process where no Redis is configured. */
  readonly redis: AnswerCache;
}

/** How one request ended, for those who count and log. */
export interface Summary {
  readonly status: number;
  /** From the first byte that was read to the head of the answer. */
  readonly tookMs: number;
  /** Of it, how long the service took; 0 when none was asked. */
  readonly upstreamMs: number;
  /** Of the answer, as the client gets them. */
  readonly headers: Headers;
}

/**
 * A plugin at work, in Kong's phases. One is made for each use whenever the configuration changes: what must
 * outlive that, such as counts, is kept in {@linkcode PluginTools} by `place`.
 */
export interface PluginHandler {
  /**
   * Before the service is asked. An answer given here is the answer.
   *
   * @throws {Problem} to refuse the request.
   */
  access?(exchange: Exchange): void | Response | Promise<void | Response>;
  /** On the service's answer, before its headers are finished: may read it, or put another in its place. */
  response?(exchange: Exchange, response: Response): Response | Promise<Response>;
  /** On the headers of every answer, refusals included. */
  headerFilter?(exchange: Exchange, headers: Headers): void;
  /** When the answer is on its way. Must not throw, and nobody waits for it. */
  log?(exchange: Exchange, summary: Summary): void;
}

/** One behaviour that the configuration can attach to everything, a service, a route or a consumer. */
export interface Plugin<Config extends z.ZodType = z.ZodType> {
  /** Kong's name, wherever Kong has such a plugin. */
  readonly name: string;
  /** Kong's fields and defaults. Its output must be plain JSON that it accepts again. */
  readonly config: Config;
  /** Also runs for requests that no route is found for, when it is configured for everything. */
  readonly runsWithoutRoute?: true;
  /** Resolves Kong's shorthands, such as `redis_host` for `redis.host`, before the schema is applied. */
  prepare?(config: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** Is about every consumer or none: it runs before one is known, or is what makes one known. */
  readonly isForEveryConsumer?: true;
  /** What in a use's configuration does not fit the other entities. Paths begin below `config`. */
  check?(config: z.output<Config>, state: State): readonly Fault[];
  create(config: z.output<Config>, tools: PluginTools): PluginHandler;
}

export function definePlugin<Config extends z.ZodType>(plugin: Plugin<Config>): Plugin<Config> {
  return plugin;
}
