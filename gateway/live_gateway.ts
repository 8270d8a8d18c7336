import type { Logger } from "platform/telemetry";
import type { ConnectionInfo, GatewayApp } from "./app.ts";
import type { State } from "./entities/mod.ts";
import { type GatewayConfig, gatewayConfigOf } from "./gateway_config.ts";

export interface LiveGatewayOptions {
  readonly config: GatewayConfig;
  /** The edge for a configuration. @throws what makes it impossible. */
  readonly open: (config: GatewayConfig) => GatewayApp;
  /** Keeps a changed state. @throws when it cannot: then the change has not happened. */
  readonly save: (state: State) => Promise<void>;
  /** Told of each state that is in force from then on, the first included. */
  readonly onInForce?: (state: State) => void;
  readonly log: Logger;
}

/**
 * The configuration in force, and the edge that goes by it. A change holds for every request that comes after
 * it; those under way end by what they began with. Changes happen one after the other.
 */
export class LiveGateway {
  readonly #options: LiveGatewayOptions;
  readonly #issuer: string | undefined;
  #state: State;
  #app: GatewayApp;
  #last: Promise<unknown> = Promise.resolve();
  #requests = 0;
  #inFlight = 0;

  constructor(options: LiveGatewayOptions) {
    this.#options = options;
    this.#issuer = options.config.issuer;
    this.#state = options.config.state;
    this.#app = options.open(options.config);
    options.onInForce?.(this.#state);
  }

  get state(): State {
    return this.#state;
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

  /** Requests since the start, and those that have no answer yet. */
  counts(): { readonly requests: number; readonly inFlight: number } {
    return { requests: this.#requests, inFlight: this.#inFlight };
  }

  /**
   * Puts `change(state)` in force and keeps it. When anything on the way throws, all stays as it was.
   *
   * @throws {Violation} when the changed state contradicts itself, and whatever `change` throws.
   */
  change<Result extends { readonly state: State }>(
    change: (state: State) => Result,
  ): Promise<Result> {
    return this.#inTurn(async () => {
      const result = change(this.#state);
      const app = this.#options.open(gatewayConfigOf(result.state, this.#issuer));
      await this.#options.save(result.state);
      this.#state = result.state;
      this.#app = app;
      this.#options.onInForce?.(this.#state);
      return result;
    });
  }

  /** Puts another configuration in force without keeping it: it came from where it is kept. */
  replace(config: GatewayConfig): Promise<void> {
    return this.#inTurn(() => {
      this.#app = this.#options.open(config);
      this.#state = config.state;
      this.#options.onInForce?.(this.#state);
      this.#options.log.info("Configuration replaced", {
        "gateway.routes": config.routes.length,
      });
      return Promise.resolve();
    });
  }

  #inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
