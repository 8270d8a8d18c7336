import type { Logger } from "platform/telemetry";
import type { ConsulApi } from "./consul_api.ts";
import type { Registration } from "./discovery.ts";
import { persevere } from "./perseverance.ts";

/** How long it takes Consul's news to reach our callers, with room to spare. Till then they may call us. */
const callersHearMs = 250;
/** How often we look whether the agent still knows us: one that began anew does not. */
const keepEveryMs = 2_000;

export interface ConsulRegistrationOptions {
  readonly api: ConsulApi;
  readonly address: string;
  readonly registration: Registration;
  readonly log: Logger;
}

/** Keeps a program registered until it is disposed of, whatever becomes of Consul meanwhile. */
export class ConsulRegistration implements AsyncDisposable {
  readonly #options: ConsulRegistrationOptions;
  readonly #id: string;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #isRegistered = false;

  constructor(options: ConsulRegistrationOptions) {
    this.#options = options;
    const { address, registration: { program, port }, log } = options;
    // By its place: who comes after a crash takes the place of who was there. Else the old entry's check would
    // find the new process, and pass for ever.
    this.#id = `${program}-${address}-${port}`;
    this.#running = persevere(
      { failure: "Cannot register with Consul", fields: { "service.id": this.#id }, log },
      this.#stopping.signal,
      (signal) => this.#keep(signal),
    );
  }

  /**
   * Deregisters, and lets callers hear of it, so that none is on its way when the port closes. When Consul
   * cannot be told, its checks will find out.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    const { api, log } = this.#options;
    try {
      await api.deregister(this.#id);
      log.info("Deregistered from Consul", { "service.id": this.#id });
      await new Promise((resolve) => setTimeout(resolve, callersHearMs));
    } catch (thrown) {
      log.failure("Cannot deregister from Consul", thrown, { "service.id": this.#id });
    }
  }

  async #keep(signal: AbortSignal): Promise<{ readonly restMs: number }> {
    const { api, address, registration, log } = this.#options;
    // At first in any case: what is there under our id may say what our predecessor said.
    if (!this.#isRegistered || !await api.isRegistered(this.#id, signal)) {
      // Not given up when we stop: it must not overtake the deregistration.
      await api.register({ id: this.#id, address, ...registration });
      this.#isRegistered = true;
      log.info("Registered with Consul", { "service.id": this.#id });
    }
    return { restMs: keepEveryMs };
  }
}
