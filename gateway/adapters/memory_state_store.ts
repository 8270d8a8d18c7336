import type { State } from "../entities/mod.ts";
import type { KeptState, StateStore } from "../ports.ts";

/** Keeps as long as the process lives: where no data folder is given. */
export class MemoryStateStore implements StateStore {
  #kept: KeptState | undefined;

  load(base: string): Promise<State | undefined> {
    return Promise.resolve(this.#kept?.base === base ? this.#kept.state : undefined);
  }

  save(kept: KeptState): Promise<void> {
    this.#kept = kept;
    return Promise.resolve();
  }
}
