import { type MetricSnapshot, type MetricsRegistry, sumOf } from "platform/telemetry";
import type { HealthWord, TargetReport } from "../balancing/mod.ts";
import type { Edges, Prepared, RequestCounts } from "../edges.ts";
import type { Target } from "../entities/mod.ts";
import type { GatewayConfig } from "../gateway_config.ts";
import type { Caller } from "./calls.ts";
import type { EdgeCalls } from "./edge_calls.ts";

/** How long a worker may take. */
export interface WorkerLimits {
  /** To load its modules and reach its stores. */
  readonly openMsMax: number;
  /** To make a configuration ready. */
  readonly prepareMsMax: number;
  /** To put it in force when it is ready. */
  readonly commitMsMax: number;
  /** To tell of its counts, figures and targets. */
  readonly tellMsMax: number;
  /** To close WebSockets, logs and stores, beyond what answers in flight may take. */
  readonly closeMsMax: number;
}

export const defaultWorkerLimits: WorkerLimits = {
  openMsMax: 30_000,
  prepareMsMax: 10_000,
  commitMsMax: 5_000,
  tellMsMax: 2_000,
  closeMsMax: 10_000,
};

export interface WorkerEdgesOptions {
  readonly workers: readonly Pick<Caller<EdgeCalls>, "call">[];
  readonly limits?: Partial<WorkerLimits>;
  /** Told when workers may no longer go by the same configuration: the program must end. */
  readonly onSplit: (thrown: unknown) => void;
}

/** The worst comes last: one worker that cannot reach a target is reason enough to look at it. */
const healthWords: readonly HealthWord[] = [
  "HEALTHCHECKS_OFF",
  "HEALTHY",
  "UNHEALTHY",
  "DNS_ERROR",
];

/** The edges of all workers, as one. */
export class WorkerEdges implements Edges {
  readonly #options: WorkerEdgesOptions;
  readonly #limits: WorkerLimits;

  constructor(options: WorkerEdgesOptions) {
    this.#options = options;
    this.#limits = { ...defaultWorkerLimits, ...options.limits };
  }

  async prepare({ state }: GatewayConfig): Promise<Prepared> {
    try {
      await this.#ask("prepare", state, this.#limits.prepareMsMax);
    } catch (thrown) {
      await this.#abandon();
      throw thrown;
    }
    return { commit: () => this.#commit(), abandon: () => this.#abandon() };
  }

  async counts(): Promise<RequestCounts> {
    const all = await this.#ask("counts", undefined, this.#limits.tellMsMax);
    return {
      requests: all.reduce((sum, { requests }) => sum + requests, 0),
      inFlight: all.reduce((sum, { inFlight }) => sum + inFlight, 0),
    };
  }

  async healthOf(upstreamId: string): Promise<readonly TargetReport[] | undefined> {
    const [first, ...others] = await this.#ask("healthOf", upstreamId, this.#limits.tellMsMax);
    return first?.map(({ target, health }) => {
      const words = others.flatMap((reports) =>
        reports?.find(({ target: { id } }) => id === target.id)?.health ?? []
      );
      return { target, health: worstOf([health, ...words]) };
    });
  }

  async setHealth(target: Target, isHealthy: boolean): Promise<boolean> {
    const known = await this.#ask("setHealth", { target, isHealthy }, this.#limits.tellMsMax);
    return known.every((isKnown) => isKnown);
  }

  async figures(): Promise<MetricsRegistry> {
    const all: (readonly MetricSnapshot[])[] = await this.#ask(
      "figures",
      undefined,
      this.#limits.tellMsMax,
    );
    return sumOf(all);
  }

  async #commit(): Promise<void> {
    try {
      await this.#ask("commit", undefined, this.#limits.commitMsMax);
    } catch (thrown) {
      // Some may go by it already, and it has been kept: the next start brings it to all.
      this.#options.onSplit(thrown);
      throw thrown;
    }
  }

  /** Who does not answer has nothing in force that it should not: it is asked in order. */
  async #abandon(): Promise<void> {
    await this.#ask("abandon", undefined, this.#limits.commitMsMax).catch(() => {});
  }

  /** @returns the answers of all workers, in their order. @throws what the first of them throws that fails. */
  #ask<Name extends keyof EdgeCalls>(
    name: Name,
    argument: Parameters<EdgeCalls[Name]>[0],
    timeoutMs: number,
  ): Promise<Awaited<ReturnType<EdgeCalls[Name]>>[]> {
    const { workers } = this.#options;
    const asked = workers.map((worker) => worker.call(name, argument as never, timeoutMs));
    return Promise.all(asked) as Promise<Awaited<ReturnType<EdgeCalls[Name]>>[]>;
  }
}

function worstOf(words: readonly HealthWord[]): HealthWord {
  return healthWords.findLast((word) => words.includes(word))!;
}
