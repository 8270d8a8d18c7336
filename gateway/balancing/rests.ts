import type { Clock } from "./clock.ts";

/** How long a server that could not be reached is passed over, while there are others. */
export const restMs = 5_000;

/** Which servers could not be reached a moment ago. */
export class Rests {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  /** False when it need not be asked of each. */
  get isAny(): boolean {
    return this.#untilMs.size > 0;
  }

  isResting(origin: string): boolean {
    return (this.#untilMs.get(origin) ?? -Infinity) > this.#clock.nowMs();
  }

  /** The server could not be reached. */
  begin(origin: string): void {
    this.#untilMs.set(origin, this.#clock.nowMs() + restMs);
  }

  /** It was reached, or is gone. */
  end(origin: string): void {
    this.#untilMs.delete(origin);
  }
}
