import type { Candidate, Picker } from "./picker.ts";
import { RoundRobin } from "./round_robin.ts";

/** Whoever has the fewest requests under way for its weight; those that are even take turns. */
export class LeastConnections implements Picker {
  readonly #underWay = new Map<string, number>();
  readonly #turns = new RoundRobin();

  pick(candidates: readonly Candidate[]): Candidate {
    let fewest = Infinity;
    let even: Candidate[] = [];
    for (const candidate of candidates) {
      const load = ((this.#underWay.get(candidate.origin) ?? 0) + 1) / candidate.weight;
      if (load > fewest) continue;
      if (load < fewest) even = [];
      fewest = load;
      even.push(candidate);
    }
    return this.#turns.pick(even);
  }

  began(origin: string): void {
    this.#underWay.set(origin, (this.#underWay.get(origin) ?? 0) + 1);
  }

  ended(origin: string): void {
    const left = (this.#underWay.get(origin) ?? 0) - 1;
    // One that was forgotten in between has none.
    if (left > 0) this.#underWay.set(origin, left);
    else this.#underWay.delete(origin);
  }

  forget(origin: string): void {
    this.#underWay.delete(origin);
    this.#turns.forget(origin);
  }
}
