import type { MetricsRegistry } from "platform/telemetry";
import type { Pools, TargetReport } from "./balancing/mod.ts";
import type { Target } from "./entities/mod.ts";
import type { GatewayConfig } from "./gateway_config.ts";
import type { LiveApp } from "./live_app.ts";

/** From this thread at once, from others later. */
export type Awaitable<Value> = Value | Promise<Value>;

/** A configuration that can be put in force everywhere: what could have gone wrong with it has not. */
export interface Prepared {
  /** It holds for every request that comes after this. */
  commit(): Awaitable<void>;
  /** It is forgotten, and what is in force stays so. */
  abandon(): Awaitable<void>;
}

export interface RequestCounts {
  /** Since the start. */
  readonly requests: number;
  /** Those that have no answer yet. */
  readonly inFlight: number;
}

/**
 * What answers requests by the configuration in force, however many threads it has: who changes the
 * configuration, or asks how things are, speaks to all of them.
 */
export interface Edges {
  /** Makes a configuration ready in every thread, and puts it in force in none. @throws what makes it impossible. */
  prepare(config: GatewayConfig): Awaitable<Prepared>;
  counts(): Awaitable<RequestCounts>;
  /** How each target of an upstream is, by the state in force; undefined when that has no such upstream. */
  healthOf(upstreamId: string): Awaitable<readonly TargetReport[] | undefined>;
  /** Says how a target is, until its checks say otherwise. @returns whether there is such a target. */
  setHealth(target: Target, isHealthy: boolean): Awaitable<boolean>;
  /** What has been counted, as it stands now. */
  figures(): Awaitable<MetricsRegistry>;
}

export interface ThreadEdgesOptions {
  readonly app: LiveApp;
  readonly pools: Pick<Pools, "healthOf" | "setHealth">;
  readonly metrics: MetricsRegistry;
}

/** The edges of this thread. */
export function threadEdges({ app, pools, metrics }: ThreadEdgesOptions): Edges {
  return {
    prepare: (config) => app.prepare(config),
    counts: () => app.counts(),
    healthOf: (upstreamId) => pools.healthOf(upstreamId),
    setHealth: (target, isHealthy) => pools.setHealth(target, isHealthy),
    figures: () => metrics,
  };
}
