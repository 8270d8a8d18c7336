import { type MetricSnapshot, snapshotOf } from "platform/telemetry";
import type { TargetReport } from "../balancing/mod.ts";
import type { Awaitable, Edges, Prepared, RequestCounts } from "../edges.ts";
import type { State, Target } from "../entities/mod.ts";
import { gatewayConfigOf } from "../gateway_config.ts";

/** What the main thread asks of the edges of a worker. */
export type EdgeCalls = {
  /** One at a time: what was prepared before and not put in force is forgotten. */
  readonly prepare: (state: State) => Promise<void>;
  readonly commit: () => Awaitable<void>;
  readonly abandon: () => Awaitable<void>;
  readonly counts: () => Awaitable<RequestCounts>;
  readonly healthOf: (upstreamId: string) => Awaitable<readonly TargetReport[] | undefined>;
  readonly setHealth: (
    said: { readonly target: Target; readonly isHealthy: boolean },
  ) => Awaitable<boolean>;
  readonly figures: () => Promise<readonly MetricSnapshot[]>;
};

/** Answers for `edges`, where no consumer may have the name of `issuer`. */
export function edgeCalls(edges: Edges, issuer: string): EdgeCalls {
  let prepared: Prepared | undefined;
  const take = () => {
    const taken = prepared;
    prepared = undefined;
    return taken;
  };
  return {
    async prepare(state) {
      prepared = undefined;
      prepared = await edges.prepare(gatewayConfigOf(state, issuer));
    },
    commit() {
      const ready = take();
      if (!ready) throw new Error("Cannot put a configuration in force: none is ready");
      return ready.commit();
    },
    abandon: () => take()?.abandon(),
    counts: () => edges.counts(),
    healthOf: (upstreamId) => edges.healthOf(upstreamId),
    setHealth: ({ target, isHealthy }) => edges.setHealth(target, isHealthy),
    figures: async () => snapshotOf(await edges.figures()),
  };
}
