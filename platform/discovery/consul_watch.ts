import type { Logger } from "platform/telemetry";
import type { CatalogEntry, ConsulApi } from "./consul_api.ts";
import type { Instances } from "./discovery.ts";
import { persevere } from "./perseverance.ts";

/** Between two queries at least: a catalog in turmoil must not keep us and Consul busy. */
const queryRestMs = 50;

export interface ConsulWatchOptions {
  readonly api: ConsulApi;
  readonly program: string;
  readonly log: Logger;
}

/** Follows a program's instances by blocking queries. While Consul is away, what was last known stays. */
export class ConsulWatch implements Instances, AsyncDisposable {
  readonly #options: ConsulWatchOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #origins: readonly string[] = [];
  #index = 0;
  #told: string | undefined;

  constructor(options: ConsulWatchOptions) {
    this.#options = options;
    const { program, log } = options;
    this.#running = persevere(
      {
        failure: "Cannot follow instances: the last known stay in use",
        fields: { "service.target.name": program },
        log,
      },
      this.#stopping.signal,
      (signal) => this.#query(signal),
    );
  }

  get origins(): readonly string[] {
    return this.#origins;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #query(signal: AbortSignal): Promise<{ readonly restMs: number }> {
    const { api, program, log } = this.#options;
    const { entries, index } = await api.health(program, this.#index, signal);
    this.#index = nextIndex(this.#index, index);
    this.#origins = originsToCall(entries, this.#origins);
    // The first answer in any case: Consul tells a token without the right to read that there is nobody.
    if (this.#origins.join() !== this.#told) {
      const fields = {
        "service.target.name": program,
        "discovery.instances": this.#origins,
      };
      log.info("Instances changed", fields);
    }
    this.#told = this.#origins.join();
    return { restMs: queryRestMs };
  }
}

/**
 * The index to ask with next. One that went backwards belongs to a Consul that begins anew, and 0 would not
 * wait at all.
 *
 * @see {@link https://www.consul.io/api-docs/features/blocking#implementation-details | Consul, blocking queries}
 */
export function nextIndex(before: number, given: number): number {
  return given < before ? 0 : Math.max(1, given);
}

/**
 * Whom to call, given what Consul says and whom we called before: those that pass, or else those that
 * warn. Where all have become critical, calling nobody would help nobody: then those that were called
 * before and have not left, or else whoever is there, since a new instance is critical until its first
 * check. Where there is none at all, Consul may have forgotten them: then the same as before.
 */
export function originsToCall(
  entries: readonly CatalogEntry[],
  before: readonly string[],
): readonly string[] {
  const those = (status: CatalogEntry["status"]) =>
    entries.filter((entry) => entry.status === status).map(({ origin }) => origin);
  const critical = those("critical");
  const kept = critical.filter((origin) => before.includes(origin));
  const choices = [those("passing"), those("warning"), kept, critical, before];
  const among = choices.find(({ length }) => length > 0) ?? [];
  return [...new Set(among)].toSorted();
}
