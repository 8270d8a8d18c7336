import { ConfigError } from "platform/config";
import { type Periodic, periodically } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";
import { type GatewayConfig, parseGatewayConfig } from "./gateway_config.ts";

export interface ConfigFileOptions {
  readonly path: string;
  /** What was read of it when the gateway started. */
  readonly text: string;
  /** The platform's own, whose name no consumer may have. */
  readonly issuer: string;
  /** Puts a new configuration in force. */
  readonly replace: (config: GatewayConfig) => Promise<void>;
  readonly log: Logger;
  readonly everyMs?: number;
}

/** Follows the configuration file: a new text is put in force whole, or is told to be wrong and is not. */
export class ConfigFile implements AsyncDisposable {
  readonly #options: ConfigFileOptions;
  readonly #rounds: Periodic;
  #text: string;
  /** The text, or the failure, that was complained about last. */
  #refused: string | undefined;

  constructor(options: ConfigFileOptions) {
    this.#options = options;
    this.#text = options.text;
    const { log, everyMs = 1_000 } = options;
    this.#rounds = periodically({ name: "configuration file", everyMs, log }, () => this.#look());
  }

  /** The text that is in force, or was before the Admin API changed something. */
  get text(): string {
    return this.#text;
  }

  /** Has the file looked at now: for SIGHUP. What was refused before is told once more. */
  reload(): void {
    this.#refused = undefined;
    this.#rounds.wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rounds[Symbol.asyncDispose]();
  }

  async #look(): Promise<void> {
    const { path, issuer, replace, log } = this.#options;
    const text = await this.#read();
    if (text === undefined || text === this.#text || text === this.#refused) return;
    try {
      await replace(parseGatewayConfig(text, path, { issuer }));
      this.#text = text;
      this.#refused = undefined;
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      this.#refuse(text, thrown.message, log);
    }
  }

  async #read(): Promise<string | undefined> {
    const { path, log } = this.#options;
    try {
      return await Deno.readTextFile(path);
    } catch (thrown) {
      const message = (thrown as Error).message;
      if (message !== this.#refused) this.#refuse(message, message, log);
      return undefined;
    }
  }

  #refuse(what: string, reason: string, log: Logger): void {
    this.#refused = what;
    log.error("Cannot take new configuration: the old stays in force", { "error.message": reason });
  }
}
