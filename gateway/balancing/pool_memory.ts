import type { Upstream } from "../entities/mod.ts";
import type { Clock } from "./clock.ts";
import { ConsistentHashing } from "./consistent_hashing.ts";
import { Healths } from "./healths.ts";
import { LeastConnections } from "./least_connections.ts";
import { PeakEwma } from "./peak_ewma.ts";
import type { Picker } from "./picker.ts";
import { Rests } from "./rests.ts";
import { RoundRobin } from "./round_robin.ts";

export type Algorithm = Upstream["algorithm"];

/** What has been learnt of the servers behind one name, whichever configuration is in force. */
export class PoolMemory {
  readonly rests: Rests;
  readonly healths: Healths;
  readonly #clock: Clock;
  #picker: { readonly algorithm: Algorithm; readonly picker: Picker } | undefined;

  constructor(clock: Clock, onTurned: (origin: string, isHealthy: boolean) => void) {
    this.#clock = clock;
    this.rests = new Rests(clock);
    this.healths = new Healths(onTurned);
  }

  /** The one that is at work already, unless it goes by another algorithm. */
  picker(algorithm: Algorithm): Picker {
    if (this.#picker?.algorithm !== algorithm) {
      this.#picker = { algorithm, picker: pickerOf(algorithm, this.#clock) };
    }
    return this.#picker.picker;
  }

  /** From here on, these servers are there and no others. */
  keep(origins: ReadonlySet<string>): void {
    for (const origin of this.healths.keep(origins)) {
      this.rests.end(origin);
      this.#picker?.picker.forget(origin);
    }
  }
}

function pickerOf(algorithm: Algorithm, clock: Clock): Picker {
  switch (algorithm) {
    case "round-robin":
      return new RoundRobin();
    case "least-connections":
      return new LeastConnections();
    case "consistent-hashing":
      return new ConsistentHashing();
    case "latency":
      return new PeakEwma(clock);
  }
}
