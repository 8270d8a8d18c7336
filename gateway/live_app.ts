import type { ConnectionInfo, GatewayApp } from "./app.ts";
import type { Prepared, RequestCounts } from "./edges.ts";
import type { State } from "./entities/mod.ts";
import type { GatewayConfig } from "./gateway_config.ts";

export interface LiveAppOptions {
  readonly config: GatewayConfig;
  /** What answers by a configuration. @throws what makes it impossible. */
  readonly open: (config: GatewayConfig) => GatewayApp;
  /**
   * Readies what outlives configurations for a state. @returns what makes it go by that, and never throws.
   *
   * @throws what makes it impossible.
   */
  readonly ready?: (state: State) => () => void;
}

/**
 * What answers the requests of this thread by the configuration in force. A change holds for every request that
 * comes after it; those under way end by what they began with.
 */
export class LiveApp {
  readonly #options: LiveAppOptions;
  #app: GatewayApp;
  #requests = 0;
  #inFlight = 0;

  constructor(options: LiveAppOptions) {
    this.#options = options;
    this.#app = options.open(options.config);
    options.ready?.(options.config.state)();
  }

  async fetch(request: Request, info?: ConnectionInfo): Promise<Response> {
    this.#requests++;
    this.#inFlight++;
    try {
      return await this.#app.fetch(request, info);
    } finally {
      this.#inFlight--;
    }
  }

  counts(): RequestCounts {
    return { requests: this.#requests, inFlight: this.#inFlight };
  }

  /** @throws what makes `config` impossible: then all stays as it was. */
  prepare(config: GatewayConfig): Prepared {
    const app = this.#options.open(config);
    const take = this.#options.ready?.(config.state);
    return {
      commit: () => {
        take?.();
        this.#app = app;
      },
      abandon() {},
    };
  }
}
