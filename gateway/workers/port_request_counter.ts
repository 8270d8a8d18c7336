import { setImmediate } from "node:timers";
import type { MemoryRequestCounter } from "../adapters/mod.ts";
import type { Limit, RequestCounter, Taken } from "../ports.ts";

/** What was asked in one turn of the loop. The limits of a plugin are the same for all its requests: they go once. */
interface Batch {
  readonly limits: (readonly Limit[])[];
  readonly takes: (readonly [key: string, limits: number, atMs: number])[];
}

/**
 * Counts where another thread counts, for all threads together. What is asked within one turn of the event
 * loop goes in one message, and is answered in one.
 */
export class PortRequestCounter implements RequestCounter, Disposable {
  readonly #port: MessagePort;
  readonly #waiting: ((taken: Taken) => void)[] = [];
  #batch: Batch = { limits: [], takes: [] };

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<readonly Taken[]>) => {
      const answered = this.#waiting.splice(0, data.length);
      for (const [at, resolve] of answered.entries()) resolve(data[at]!);
    };
  }

  take(key: string, limits: readonly Limit[], at: Date): Promise<Taken> {
    const { takes } = this.#batch;
    if (takes.push([key, this.#placeOf(limits), at.getTime()]) === 1) {
      setImmediate(() => this.#send());
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  [Symbol.dispose](): void {
    this.#port.close();
  }

  #placeOf(limits: readonly Limit[]): number {
    const known = this.#batch.limits.indexOf(limits);
    return known === -1 ? this.#batch.limits.push(limits) - 1 : known;
  }

  #send(): void {
    this.#port.postMessage(this.#batch);
    this.#batch = { limits: [], takes: [] };
  }
}

/** Has `counter` count for whoever holds the other end of `port`. */
export function countFor(port: MessagePort, counter: Pick<MemoryRequestCounter, "take">): void {
  port.onmessage = ({ data: { limits, takes } }: MessageEvent<Batch>) => {
    port.postMessage(takes.map(([key, at, atMs]) => {
      return counter.take(key, limits[at]!, new Date(atMs));
    }));
  };
}
