/** What a check, or a request, tells of a server. */
export type Sign = "success" | "httpFailure" | "tcpFailure" | "timeout";

/** How many signs of a kind, with none to the contrary between them, turn a server over; 0: they never do. */
export type SignLimits = Readonly<Record<Sign, number>>;

/** Whether one server is well, as its checks and its requests tell together. It is well until they say otherwise. */
export class TargetHealth {
  #isHealthy = true;
  #counts: Record<Sign, number> = noSigns();
  /** Whether its name could not be resolved when it was last needed. */
  isNameUnknown = false;

  get isHealthy(): boolean {
    return this.#isHealthy;
  }

  /** @returns whether the server turned over by this. */
  report(sign: Sign, limits: SignLimits): boolean {
    const limit = limits[sign];
    if (limit === 0) return false;
    if (sign === "success") this.#counts = { ...noSigns(), success: this.#counts.success };
    else this.#counts.success = 0;
    this.#counts[sign] += 1;
    const isHealthy = sign === "success";
    if (this.#isHealthy === isHealthy || this.#counts[sign] < limit) return false;
    this.set(isHealthy);
    return true;
  }

  /** As somebody who knows says. */
  set(isHealthy: boolean): void {
    this.#isHealthy = isHealthy;
    this.#counts = noSigns();
  }
}

function noSigns(): Record<Sign, number> {
  return { success: 0, httpFailure: 0, tcpFailure: 0, timeout: 0 };
}
