import type { Candidate, Picker } from "./picker.ts";

/**
 * Takes turns, each server as often as its weight says, and those of great weight not in a row: the smooth
 * weighted round-robin of nginx.
 */
export class RoundRobin implements Picker {
  /** How much each server has saved up towards its turn. */
  readonly #saved = new Map<string, number>();

  pick(candidates: readonly Candidate[]): Candidate {
    let best = candidates[0]!;
    if (candidates.length === 1) return best;
    let bestSaved = -Infinity;
    let total = 0;
    for (const candidate of candidates) {
      const { origin, weight } = candidate;
      const saved = (this.#saved.get(origin) ?? 0) + weight;
      this.#saved.set(origin, saved);
      total += weight;
      if (saved <= bestSaved) continue;
      best = candidate;
      bestSaved = saved;
    }
    this.#saved.set(best.origin, bestSaved - total);
    return best;
  }

  began(): void {}

  ended(): void {}

  forget(origin: string): void {
    this.#saved.delete(origin);
  }
}
