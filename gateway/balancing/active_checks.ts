import type { Clock } from "./clock.ts";
import { isNameUnknown, limitsOf, signOfFailure, signOfStatus } from "./signs.ts";
import type { Sign, SignLimits } from "./target_health.ts";
import type { Upstream } from "../entities/mod.ts";

export interface ActiveChecksOptions {
  readonly checks: Upstream["healthchecks"]["active"];
  /** Of those to be checked. */
  readonly origins: readonly string[];
  readonly isHealthy: (origin: string) => boolean;
  /** Told what each check found; `isNameUnknown` when there was nobody by that name. */
  readonly report: (origin: string, found: Found) => void;
  readonly fetch: typeof fetch;
  /** Resolves when a TCP connection stood. */
  readonly connect: (origin: URL, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
}

export interface Found {
  /** Undefined when the status of the answer says nothing. */
  readonly sign: Sign | undefined;
  readonly limits: SignLimits;
  readonly isNameUnknown: boolean;
}

/**
 * Asks each server now and then whether it is well: those that are, every `healthy.interval` seconds, the
 * others every `unhealthy.interval`; never when that is 0. Ends with its disposal, and checks under way too.
 *
 * `http` is asked over TLS like `https`: the gateway speaks to no server in clear.
 */
export class ActiveChecks implements Disposable {
  readonly #options: ActiveChecksOptions;
  readonly #limits: SignLimits;
  readonly #ending = new AbortController();
  readonly #due = new Map<string, Disposable>();
  readonly #waiting: string[] = [];
  readonly #underWay = new Set<string>();

  constructor(options: ActiveChecksOptions) {
    this.#options = options;
    this.#limits = limitsOf(options.checks);
    for (const origin of options.origins) this.#schedule(origin);
  }

  /** The server turned over by something else: it is due by its new interval. */
  turned(origin: string): void {
    if (this.#due.has(origin)) this.#schedule(origin);
  }

  [Symbol.dispose](): void {
    this.#ending.abort();
    for (const timer of this.#due.values()) timer[Symbol.dispose]();
    this.#due.clear();
    this.#waiting.length = 0;
  }

  #schedule(origin: string): void {
    if (this.#ending.signal.aborted) return;
    const { checks: { healthy, unhealthy }, isHealthy, clock } = this.#options;
    this.#due.get(origin)?.[Symbol.dispose]();
    const { interval } = isHealthy(origin) ? healthy : unhealthy;
    // Kept without a timer, so that it is known when the server turns over.
    const timer = interval > 0
      ? clock.after(interval * 1_000, () => this.#begin(origin))
      : { [Symbol.dispose]() {} };
    this.#due.set(origin, timer);
  }

  #begin(origin: string): void {
    if (this.#underWay.has(origin) || this.#waiting.includes(origin)) return;
    this.#waiting.push(origin);
    this.#goOn();
  }

  #goOn(): void {
    while (this.#waiting.length > 0 && this.#underWay.size < this.#options.checks.concurrency) {
      const origin = this.#waiting.shift()!;
      this.#underWay.add(origin);
      void this.#check(origin).finally(() => {
        this.#underWay.delete(origin);
        this.#schedule(origin);
        this.#goOn();
      });
    }
  }

  async #check(origin: string): Promise<void> {
    const { checks, report, clock } = this.#options;
    const cutting = new AbortController();
    const end = () => cutting.abort();
    this.#ending.signal.addEventListener("abort", end, { once: true });
    const late = new DOMException("The health check took too long", "TimeoutError");
    using _deadline = clock.after(Math.max(1, checks.timeout * 1_000), () => cutting.abort(late));
    try {
      const sign = await this.#ask(origin, cutting.signal);
      if (!this.#ending.signal.aborted) {
        report(origin, { sign, limits: this.#limits, isNameUnknown: false });
      }
    } catch (thrown) {
      if (this.#ending.signal.aborted) return;
      const sign = signOfFailure(thrown);
      report(origin, { sign, limits: this.#limits, isNameUnknown: isNameUnknown(thrown) });
    } finally {
      this.#ending.signal.removeEventListener("abort", end);
    }
  }

  async #ask(origin: string, signal: AbortSignal): Promise<Sign | undefined> {
    const { checks, fetch, connect } = this.#options;
    if (checks.type === "tcp") {
      await connect(new URL(origin), signal);
      return "success";
    }
    const given = Object.entries(checks.headers ?? {});
    const headers = given.flatMap(([name, values]) =>
      values.map((value): [string, string] => [name, value])
    );
    const init = { headers, signal, redirect: "manual" } as const;
    const answer = await fetch(`${origin}${checks.http_path}`, init);
    await answer.body?.cancel();
    return signOfStatus(answer.status, checks);
  }
}
