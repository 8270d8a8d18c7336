import type { Instances } from "./discovery.ts";

/** How long an instance that could not be reached is passed over, while there are others. */
const restMs = 5_000;
/** How many instances one call is tried on, when it reaches none. */
const instancesPerCallMax = 3;
const nobody: ReadonlySet<string> = new Set();

/** Takes turns among a program's instances, and passes over those that could not be reached. */
export class Balancer {
  readonly #instances: Instances;
  readonly #now: () => number;
  /** Until when each origin rests. */
  readonly #resting = new Map<string, number>();
  #turn = 0;

  constructor(instances: Instances, now: () => number = () => performance.now()) {
    this.#instances = instances;
    this.#now = now;
  }

  /**
   * The origin to call next: one that rests only when all others do, and one of `tried` only when all have
   * been. Undefined when no instance is known.
   */
  pick(tried: ReadonlySet<string> = nobody): string | undefined {
    const { origins } = this.#instances;
    const nowMs = this.#now();
    const isAwake = (origin: string) => (this.#resting.get(origin) ?? -Infinity) <= nowMs;
    const untried = origins.filter((origin) => !tried.has(origin));
    const choices = [untried.filter(isAwake), untried, origins.filter(isAwake), origins];
    const among = choices.find(({ length }) => length > 0);
    return among?.[this.#turn++ % among.length];
  }

  /** Whether one call may be tried on yet another instance than those of `tried`. */
  hasOther(tried: ReadonlySet<string>): boolean {
    return tried.size < instancesPerCallMax &&
      this.#instances.origins.some((origin) => !tried.has(origin));
  }

  /** `origin` could not be reached. */
  failed(origin: string): void {
    const known = new Set(this.#instances.origins);
    for (const other of this.#resting.keys()) if (!known.has(other)) this.#resting.delete(other);
    if (known.has(origin)) this.#resting.set(origin, this.#now() + restMs);
  }

  /** `origin` was reached. */
  succeeded(origin: string): void {
    this.#resting.delete(origin);
  }
}
