import { pause, type Periodic, periodically } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";
import type { KeyRing } from "./key_ring.ts";

/** From one look for records under another key to the next, until there are none. */
export const resealEveryMs = 500;
/**
 * So often in a row must a process find nothing under another key: what was sealed under the former one a
 * moment before, and is on its way to a store, takes less than these rounds.
 */
export const cleanRoundsMin = 6;
/** From then on records under another key come from a copy of the store that was put back, if at all. */
const restMs = 60_000;
/** Records sealed anew in one go, and the pause after them: requests come in between. */
const batchMax = 50;
const batchPauseMs = 5;

/** A store whose records can be sealed anew under the current key. */
export interface Resealable {
  /**
   * Seals up to `limit` records that are under another key than the current one. A record that is
   * changed meanwhile keeps its change.
   *
   * @returns how many were; 0 when none is left.
   */
  reseal(limit: number): Promise<number>;
}

/** How far a program is with sealing anew, as it tells on its admin port. Names no secret. */
export interface KeyStatus {
  readonly currentKeyId: string;
  /** Of all keys that it holds. */
  readonly keyIds: readonly string[];
  /** Records that this process has sealed anew under the current key. */
  readonly resealed: number;
  /** How often in a row it has looked, since it took the current key, and found nothing under another. */
  readonly cleanRounds: number;
  /** Why the last round came to no end. */
  readonly fault: string | null;
}

export interface ResealerOptions {
  readonly ring: KeyRing;
  readonly stores: readonly Resealable[];
  readonly log: Logger;
  readonly everyMs?: number;
}

/**
 * Seals in the background what is under another key than the current one, in small batches. What is done
 * is in the store: whoever comes after a crash goes on.
 */
export class Resealer implements AsyncDisposable {
  readonly #options: ResealerOptions;
  readonly #rounds: Periodic;
  #keyId: string;
  #resealed = 0;
  #cleanRounds = 0;
  #fault: string | null = null;
  #lookedMs = -Infinity;

  constructor(options: ResealerOptions) {
    this.#options = options;
    this.#keyId = options.ring.currentKeyId;
    const { log, everyMs = resealEveryMs } = options;
    this.#rounds = periodically({ name: "resealing", everyMs, log }, (signal) => this.#do(signal));
  }

  get status(): KeyStatus {
    const { currentKeyId, keyIds } = this.#options.ring;
    const isCounted = currentKeyId === this.#keyId;
    return {
      currentKeyId,
      keyIds,
      resealed: isCounted ? this.#resealed : 0,
      cleanRounds: isCounted ? this.#cleanRounds : 0,
      fault: this.#fault,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rounds[Symbol.asyncDispose]();
  }

  async #do(signal: AbortSignal): Promise<void> {
    this.#begin();
    if (this.#rests) return;
    this.#lookedMs = performance.now();
    try {
      const count = await this.#resealAll(signal);
      if (signal.aborted || this.#options.ring.currentKeyId !== this.#keyId) return;
      this.#fault = null;
      this.#cleanRounds = count === 0 ? this.#cleanRounds + 1 : 0;
      if (count === 0 && this.#cleanRounds === 1 && this.#resealed > 0) this.#tell();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #begin(): void {
    const { currentKeyId } = this.#options.ring;
    if (currentKeyId === this.#keyId) return;
    this.#keyId = currentKeyId;
    this.#resealed = 0;
    this.#cleanRounds = 0;
  }

  get #rests(): boolean {
    return this.#cleanRounds >= cleanRoundsMin && performance.now() - this.#lookedMs < restMs;
  }

  async #resealAll(signal: AbortSignal): Promise<number> {
    let count = 0;
    for (const store of this.#options.stores) {
      while (!signal.aborted) {
        const resealed = await store.reseal(batchMax);
        if (resealed === 0) break;
        count += resealed;
        this.#resealed += resealed;
        await pause(batchPauseMs, signal);
      }
    }
    return count;
  }

  #tell(): void {
    this.#options.log.info("Records sealed anew", {
      "encryption.key.id": this.#keyId,
      "encryption.record.count": this.#resealed,
    });
  }

  /** Logged once: the round is tried again, and would say the same. The records stay readable meanwhile. */
  #fail(thrown: unknown): void {
    this.#cleanRounds = 0;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (message !== this.#fault) this.#options.log.failure("Cannot seal records anew", thrown);
    this.#fault = message;
  }
}
