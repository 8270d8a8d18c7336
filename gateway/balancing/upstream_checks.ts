import type { Service, State, Upstream } from "../entities/mod.ts";
import { type Trust, trustOf } from "../gateway_config.ts";
import { ActiveChecks } from "./active_checks.ts";
import type { Clock } from "./clock.ts";
import type { Healths } from "./healths.ts";
import { candidatesOf, upstreamOf } from "./targets.ts";

/** Resolves when a TCP connection stood. */
export type Connect = (origin: URL, signal: AbortSignal) => Promise<void>;

export interface UpstreamChecksOptions {
  readonly fetchFor: (trust: Trust) => typeof fetch;
  readonly connect: Connect;
  readonly clock: Clock;
}

interface Running {
  /** Of all that they go by: checks are not begun anew for a change that is not theirs. */
  readonly signature: string;
  readonly checks: ActiveChecks;
}

/** The active checks of every upstream that a service names: by that service it is known whom to trust. */
export class UpstreamChecks implements Disposable {
  readonly #options: UpstreamChecksOptions;
  readonly #running = new Map<string, Running>();

  constructor(options: UpstreamChecksOptions) {
    this.#options = options;
  }

  /** @param healthsOf where what is found goes. */
  adopt(state: State, healthsOf: (upstream: Upstream) => Healths | undefined): void {
    const users = new Map<string, Service>();
    for (const service of state.services.values()) {
      const upstream = service.enabled ? upstreamOf(service, state) : undefined;
      if (upstream && !users.has(upstream.id)) users.set(upstream.id, service);
    }
    for (const id of this.#running.keys()) if (!users.has(id)) this.#stop(id);
    for (const [id, service] of users) {
      const upstream = state.upstreams.get(id)!;
      const healths = healthsOf(upstream);
      if (healths && isAnyDue(upstream)) this.#run(upstream, { service, state, healths });
      else this.#stop(id);
    }
  }

  /** A server turned over. */
  turned(upstreamId: string, origin: string): void {
    this.#running.get(upstreamId)?.checks.turned(origin);
  }

  [Symbol.dispose](): void {
    for (const id of [...this.#running.keys()]) this.#stop(id);
  }

  #run(
    upstream: Upstream,
    { service, state, healths }: {
      readonly service: Service;
      readonly state: State;
      readonly healths: Healths;
    },
  ): void {
    const { fetchFor, connect, clock } = this.#options;
    const checks = upstream.healthchecks.active;
    const origins = [
      ...new Set(candidatesOf(upstream, state).map(({ origin }) => origin)),
    ];
    const trust = trustOf(service, state);
    const signature = JSON.stringify([checks, origins, trust]);
    if (this.#running.get(upstream.id)?.signature === signature) return;
    this.#stop(upstream.id);
    this.#running.set(upstream.id, {
      signature,
      checks: new ActiveChecks({
        checks,
        origins,
        isHealthy: (origin) => healths.isHealthy(origin),
        report: (origin, found) => healths.report(origin, found),
        fetch: fetchFor(trust),
        connect,
        clock,
      }),
    });
  }

  #stop(upstreamId: string): void {
    this.#running.get(upstreamId)?.checks[Symbol.dispose]();
    this.#running.delete(upstreamId);
  }
}

function isAnyDue({ healthchecks: { active } }: Upstream): boolean {
  return active.healthy.interval > 0 || active.unhealthy.interval > 0;
}
