import type { Logger } from "platform/telemetry";
import type { ConsulApi } from "./consul_api.ts";
import { ConsulRegistration } from "./consul_registration.ts";
import { ConsulWatch } from "./consul_watch.ts";
import type { Discovery, Instances, Registration } from "./discovery.ts";

export interface ConsulDiscoveryOptions {
  readonly api: ConsulApi;
  /** The programs that Consul is asked for: no other name is a program's. */
  readonly programs: readonly string[];
  /** Where others reach us: an IP address or a host name. */
  readonly address: string;
  readonly log: Logger;
}

/**
 * Programs where Consul says they are. Consul is believed in that alone: who answers there must have the
 * program's certificate.
 *
 * @see {@link https://www.consul.io/api-docs | Consul, HTTP API}
 */
export class ConsulDiscovery implements Discovery {
  readonly #options: ConsulDiscoveryOptions;
  readonly #watches = new Map<string, ConsulWatch>();

  constructor(options: ConsulDiscoveryOptions) {
    this.#options = options;
  }

  watch(program: string): Instances | undefined {
    const { api, programs, log } = this.#options;
    if (!programs.includes(program)) return undefined;
    const known = this.#watches.get(program);
    if (known) return known;
    const watch = new ConsulWatch({ api, program, log });
    this.#watches.set(program, watch);
    return watch;
  }

  register(registration: Registration): AsyncDisposable {
    const { api, address, log } = this.#options;
    return new ConsulRegistration({ api, address, registration, log });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#watches.values()].map((watch) => watch[Symbol.asyncDispose]()));
  }
}
