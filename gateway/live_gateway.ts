import type { Logger } from "platform/telemetry";
import type { Edges } from "./edges.ts";
import type { State } from "./entities/mod.ts";
import { type GatewayConfig, gatewayConfigOf } from "./gateway_config.ts";

export interface LiveGatewayOptions {
  /** What the edges go by already. */
  readonly config: GatewayConfig;
  readonly edges: Pick<Edges, "prepare">;
  /** Keeps a changed state. @throws when it cannot: then the change has not happened. */
  readonly save: (state: State) => Promise<void>;
  readonly log: Logger;
}

/**
 * The configuration in force. A change is made ready in every thread, then kept, then put in force in every
 * thread, and then it is answered. Changes happen one after the other.
 */
export class LiveGateway {
  readonly #options: LiveGatewayOptions;
  readonly #issuer: string | undefined;
  #state: State;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: LiveGatewayOptions) {
    this.#options = options;
    this.#issuer = options.config.issuer;
    this.#state = options.config.state;
  }

  get state(): State {
    return this.#state;
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
      const config = gatewayConfigOf(result.state, this.#issuer);
      await this.#putInForce(config, this.#options.save);
      return result;
    });
  }

  /** Puts another configuration in force without keeping it: it came from where it is kept. */
  replace(config: GatewayConfig): Promise<void> {
    return this.#inTurn(async () => {
      await this.#putInForce(config, () => Promise.resolve());
      const fields = { "gateway.routes": config.routes.length };
      this.#options.log.info("Configuration replaced", fields);
    });
  }

  async #putInForce(config: GatewayConfig, save: (state: State) => Promise<void>): Promise<void> {
    const prepared = await this.#options.edges.prepare(config);
    try {
      await save(config.state);
    } catch (thrown) {
      await prepared.abandon();
      throw thrown;
    }
    await prepared.commit();
    this.#state = config.state;
  }

  #inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
