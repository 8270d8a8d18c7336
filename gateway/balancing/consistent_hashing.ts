import type { Candidate, Picker } from "./picker.ts";
import { RoundRobin } from "./round_robin.ts";

/**
 * The same key meets the same server for as long as it is there. When one goes, only its keys move, to all
 * others by their weights; when one comes, it takes its share from each. Requests without a key take turns.
 *
 * By weighted rendezvous rather than by a ring: exact shares, and nothing to build when servers change.
 *
 * @see {@link https://www.snia.org/sites/default/files/SDC15_presentations/dist_sys/Jason_Resch_New_Consistent_Hashings_Rev.pdf
 *   | Resch, New Hashing Algorithms for Data Storage}
 */
export class ConsistentHashing implements Picker {
  readonly #hashes = new Map<string, number>();
  readonly #turns = new RoundRobin();

  pick(candidates: readonly Candidate[], key?: string): Candidate {
    if (key === undefined) return this.#turns.pick(candidates);
    const keyHash = hashOf(key);
    let best = candidates[0]!;
    let bestScore = -Infinity;
    for (const candidate of candidates) {
      const drawn = (mix(keyHash ^ this.#hashOf(candidate.origin)) + 0.5) / 2 ** 32;
      const score = -candidate.weight / Math.log(drawn);
      if (score <= bestScore) continue;
      best = candidate;
      bestScore = score;
    }
    return best;
  }

  began(): void {}

  ended(): void {}

  forget(origin: string): void {
    this.#hashes.delete(origin);
    this.#turns.forget(origin);
  }

  #hashOf(origin: string): number {
    let hash = this.#hashes.get(origin);
    if (hash === undefined) this.#hashes.set(origin, hash = hashOf(origin));
    return hash;
  }
}

/** FNV-1a over UTF-16 code units, then mixed. Not for secrets: a caller can find keys that meet. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return mix(hash);
}

/** The finalizer of MurmurHash3: every bit of the result depends on every bit of `value`. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
