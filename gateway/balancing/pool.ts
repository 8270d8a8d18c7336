import { NoInstanceError } from "platform/discovery";
import { Problem, problemTypes } from "platform/problem";
import type { Upstream } from "../entities/mod.ts";
import type { Candidate, Outcome, Picker } from "./picker.ts";
import type { Rests } from "./rests.ts";
import { isNameUnknown, limitsOf, signOfFailure, signOfStatus } from "./signs.ts";
import type { Sign } from "./target_health.ts";
import type { Healths } from "./healths.ts";

/** How many servers one request is tried on, when it reaches none. */
const serversPerRequestMax = 3;
/** When there is no telling how long servers will be unwell. */
const unhealthyRetrySeconds = 5;
const nobody: ReadonlySet<string> = new Set();

export interface PoolOptions {
  /** What services call it. */
  readonly host: string;
  /** Those with a weight, as they are now. */
  readonly candidates: () => readonly Candidate[];
  /** The entity of that name; undefined when the servers are known otherwise. */
  readonly upstream: Upstream | undefined;
  readonly picker: Picker;
  readonly rests: Rests;
  readonly healths: Healths;
}

/** A request on its way to a server of a pool. */
export interface Visit {
  readonly origin: string;
  /** The answer began. */
  answered(status: number): void;
  /** There was no answer. */
  failed(thrown: unknown, { isUnreachable }: { readonly isUnreachable: boolean }): void;
  /** Nothing more is to come, or the caller has gone. Called once, after one of the others or alone. */
  ended(outcome: Outcome): void;
}

/** The servers behind one name, as one configuration sees them: what is learnt of them outlives it. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #passive: Passive | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#passive = options.upstream?.healthchecks.passive;
  }

  get upstream(): Upstream | undefined {
    return this.#options.upstream;
  }

  /**
   * The server to ask next: one of `tried` only when all have been, and one that could not be reached a
   * moment ago only when there is no other. Never one that its checks call unwell.
   *
   * @param key what the request is assigned by, where the algorithm goes by that.
   * @throws {NoInstanceError} when none is known.
   * @throws {Problem} `unavailable` when too few are well.
   */
  pick(tried: ReadonlySet<string> = nobody, key?: string): string {
    const well = this.#well();
    if (well.length === 1) return well[0]!.origin;
    const untried = tried.size === 0 ? well : well.filter(({ origin }) => !tried.has(origin));
    const among = untried.length > 0 ? untried : well;
    return this.#options.picker.pick(this.#awake(among), key).origin;
  }

  /** Whether one request may be tried on yet another server than those of `tried`. */
  hasOther(tried: ReadonlySet<string>): boolean {
    const { candidates, healths } = this.#options;
    return tried.size < serversPerRequestMax &&
      candidates().some(({ origin }) => !tried.has(origin) && healths.isHealthy(origin));
  }

  visit(origin: string): Visit {
    this.#options.picker.began(origin);
    return new PoolVisit(origin, this.#options, this.#passive);
  }

  /** Those that could be reached a moment ago; all, when none could. */
  #awake(among: readonly Candidate[]): readonly Candidate[] {
    const { rests } = this.#options;
    if (!rests.isAny) return among;
    const awake = among.filter(({ origin }) => !rests.isResting(origin));
    return awake.length > 0 ? awake : among;
  }

  #well(): readonly Candidate[] {
    const { host, candidates, healths, upstream } = this.#options;
    const all = candidates();
    if (all.length === 0) throw new NoInstanceError(host);
    if (!upstream) return all;
    const well = healths.areAllHealthy
      ? all
      : all.filter(({ origin }) => healths.isHealthy(origin));
    const { threshold, active } = upstream.healthchecks;
    const share = well === all ? 100 : 100 * weightOf(well) / weightOf(all);
    if (well.length > 0 && share >= threshold) return well;
    const seconds = Math.ceil(active.unhealthy.interval) || unhealthyRetrySeconds;
    throw new Problem(problemTypes.unavailable, {
      headers: { "retry-after": String(seconds) },
      cause: new Error(`Cannot call "${host}": ${well.length} of ${all.length} servers are well`),
    });
  }
}

type Visited = Pick<PoolOptions, "picker" | "rests" | "healths">;
type Passive = Upstream["healthchecks"]["passive"];

class PoolVisit implements Visit {
  readonly origin: string;
  readonly #visited: Visited;
  readonly #passive: Passive | undefined;

  constructor(origin: string, visited: Visited, passive: Passive | undefined) {
    this.origin = origin;
    this.#visited = visited;
    this.#passive = passive;
  }

  answered(status: number): void {
    this.#visited.rests.end(this.origin);
    const passive = this.#passive;
    if (!passive) return;
    this.#report(
      passive,
      passive.type === "tcp" ? "success" : signOfStatus(status, passive),
      false,
    );
  }

  failed(thrown: unknown, { isUnreachable }: { readonly isUnreachable: boolean }): void {
    if (isUnreachable) this.#visited.rests.begin(this.origin);
    if (this.#passive) this.#report(this.#passive, signOfFailure(thrown), isNameUnknown(thrown));
  }

  ended(outcome: Outcome): void {
    const { picker, healths } = this.#visited;
    picker.ended(this.origin, outcome);
    // It may have been taken away meanwhile: then the picker must not begin anew to remember it.
    if (!healths.isKnown(this.origin)) picker.forget(this.origin);
  }

  #report(passive: Passive, sign: Sign | undefined, isNameUnknown: boolean): void {
    this.#visited.healths.report(this.origin, { sign, limits: limitsOf(passive), isNameUnknown });
  }
}

function weightOf(candidates: readonly Candidate[]): number {
  return candidates.reduce((sum, { weight }) => sum + weight, 0);
}
