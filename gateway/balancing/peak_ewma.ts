import type { Clock } from "./clock.ts";
import type { Candidate, Outcome, Picker } from "./picker.ts";

/** How fast the past is forgotten: after this time an old measure counts for a third. */
const decayMs = 10_000;
/** What a request counts for that got no answer, however soon that was clear. */
const failureMs = 1_000;

interface Measured {
  latencyMs: number;
  atMs: number;
  underWay: number;
}

/**
 * Of two servers drawn at random, the one that would answer sooner: its latency, times the requests that wait
 * there, over its weight. Latency is the peak of late, which falls off slowly and is raised at once. Where
 * nothing is known yet a server is asked first.
 *
 * @see {@link https://linkerd.io/2016/03/16/beyond-round-robin-load-balancing-for-latency/ | Linkerd, peak EWMA}
 */
export class PeakEwma implements Picker {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #random: () => number;
  readonly #measured = new Map<string, Measured>();

  constructor(clock: Pick<Clock, "nowMs">, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  pick(candidates: readonly Candidate[]): Candidate {
    const count = candidates.length;
    if (count === 1) return candidates[0]!;
    const first = Math.floor(this.#random() * count);
    // Never the same one twice.
    const second = (first + 1 + Math.floor(this.#random() * (count - 1))) % count;
    const [one, other] = [candidates[first]!, candidates[second]!];
    return this.#costOf(other) < this.#costOf(one) ? other : one;
  }

  began(origin: string): void {
    this.#measure(origin).underWay += 1;
  }

  ended(origin: string, { tookMs, isFailure }: Outcome): void {
    const measured = this.#measured.get(origin);
    // It was forgotten in between.
    if (!measured) return;
    measured.underWay = Math.max(0, measured.underWay - 1);
    const seenMs = isFailure ? Math.max(tookMs, failureMs) : tookMs;
    const nowMs = this.#clock.nowMs();
    const kept = Math.exp(-(nowMs - measured.atMs) / decayMs);
    measured.latencyMs = seenMs > measured.latencyMs
      ? seenMs
      : measured.latencyMs * kept + seenMs * (1 - kept);
    measured.atMs = nowMs;
  }

  forget(origin: string): void {
    this.#measured.delete(origin);
  }

  #costOf({ origin, weight }: Candidate): number {
    const measured = this.#measured.get(origin);
    if (!measured) return 0;
    const agedMs = this.#clock.nowMs() - measured.atMs;
    const latencyMs = measured.latencyMs * Math.exp(-agedMs / decayMs);
    return latencyMs * (measured.underWay + 1) / weight;
  }

  #measure(origin: string): Measured {
    let measured = this.#measured.get(origin);
    if (!measured) {
      measured = { latencyMs: 0, atMs: this.#clock.nowMs(), underWay: 0 };
      this.#measured.set(origin, measured);
    }
    return measured;
  }
}
