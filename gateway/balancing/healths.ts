import type { Found } from "./active_checks.ts";
import { TargetHealth } from "./target_health.ts";

/** How the servers of one pool are. Those that nothing was heard of are well. */
export class Healths {
  readonly #byOrigin = new Map<string, TargetHealth>();
  readonly #onTurned: (origin: string, isHealthy: boolean) => void;
  #known: ReadonlySet<string> | undefined;
  #unhealthyCount = 0;

  constructor(onTurned: (origin: string, isHealthy: boolean) => void) {
    this.#onTurned = onTurned;
  }

  get areAllHealthy(): boolean {
    return this.#unhealthyCount === 0;
  }

  isHealthy(origin: string): boolean {
    return this.#byOrigin.get(origin)?.isHealthy ?? true;
  }

  isNameUnknown(origin: string): boolean {
    return this.#byOrigin.get(origin)?.isNameUnknown ?? false;
  }

  report(origin: string, { sign, limits, isNameUnknown }: Found): void {
    if (!this.isKnown(origin)) return;
    const health = this.#healthOf(origin);
    health.isNameUnknown = isNameUnknown;
    if (sign && health.report(sign, limits)) this.#turned(origin, health.isHealthy);
  }

  /** As somebody who knows says. */
  set(origin: string, isHealthy: boolean): void {
    const health = this.#healthOf(origin);
    const hasTurned = health.isHealthy !== isHealthy;
    health.set(isHealthy);
    if (hasTurned) this.#turned(origin, isHealthy);
  }

  /** Whether the server is still one of the pool's. */
  isKnown(origin: string): boolean {
    return this.#known?.has(origin) ?? true;
  }

  /** From here on, the pool has these and no others. @returns those that nobody needs to remember. */
  keep(origins: ReadonlySet<string>): string[] {
    const gone = [...this.#known ?? []].filter((origin) => !origins.has(origin));
    this.#known = origins;
    for (const origin of this.#byOrigin.keys()) {
      if (!origins.has(origin)) this.#byOrigin.delete(origin);
    }
    this.#unhealthyCount =
      [...this.#byOrigin.values()].filter((health) => !health.isHealthy).length;
    return gone;
  }

  #healthOf(origin: string): TargetHealth {
    let health = this.#byOrigin.get(origin);
    if (!health) this.#byOrigin.set(origin, health = new TargetHealth());
    return health;
  }

  #turned(origin: string, isHealthy: boolean): void {
    this.#unhealthyCount += isHealthy ? -1 : 1;
    this.#onTurned(origin, isHealthy);
  }
}
