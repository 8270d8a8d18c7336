import type { Discovery, Instances } from "platform/discovery";
import { Circuit, RetryBudget } from "platform/resilience";
import type { Logger } from "platform/telemetry";
import type { Service, State, Target } from "../entities/mod.ts";
import { programOf, type Trust } from "../gateway_config.ts";
import type { Clock } from "./clock.ts";
import type { Candidate } from "./picker.ts";
import { Pool } from "./pool.ts";
import { PoolMemory } from "./pool_memory.ts";
import { type Connect, UpstreamChecks } from "./upstream_checks.ts";
import { isOn, limitsOf } from "./signs.ts";
import { candidatesOf, originOf, targetsOf, upstreamOf } from "./targets.ts";

export interface PoolsOptions {
  readonly discovery: Pick<Discovery, "watch">;
  readonly fetchFor: (trust: Trust) => typeof fetch;
  /** Resolves when a TCP connection stood. */
  readonly connect: Connect;
  readonly clock: Clock;
  readonly log: Logger;
}

/** As Kong's Admin API says how a target is. */
export type HealthWord = "HEALTHY" | "UNHEALTHY" | "DNS_ERROR" | "HEALTHCHECKS_OFF";

export interface TargetReport {
  readonly target: Target;
  readonly health: HealthWord;
}

/** Of a service: the share of its requests that may be repeats, and how many at least. */
export const retryBudget = { retriesPerCall: 0.2, retriesMax: 10, retriesPerSecond: 1 } as const;
/** Of a service: when it is left alone for a while. */
export const circuitLimits = {
  failureRatioMin: 0.5,
  callsMin: 20,
  windowMs: 10_000,
  openMs: 1_000,
} as const;

/** One service's share of what it takes to reach it. */
export interface ServiceReach {
  readonly pool: Pool;
  readonly circuit: Circuit;
  readonly budget: RetryBudget;
}

/**
 * Where services are, and how their servers fare. Made once: what is learnt of a server or of a service stays
 * while configurations come and go, for as long as one names it.
 */
export class Pools implements Disposable {
  readonly #options: PoolsOptions;
  /** By the id of the upstream, or else by host and port. */
  readonly #memories = new Map<string, PoolMemory>();
  /** By the id of the service. */
  readonly #circuits = new Map<string, Circuit>();
  readonly #budgets = new Map<string, RetryBudget>();
  readonly #checks: UpstreamChecks;
  #state: State | undefined;

  constructor(options: PoolsOptions) {
    this.#options = options;
    this.#checks = new UpstreamChecks(options);
  }

  /** How `service` is reached by `state`, which need not be in force yet. */
  reach(service: Service, state: State): ServiceReach {
    const now = () => this.#options.clock.nowMs();
    return {
      pool: this.#poolOf(service, state),
      circuit: known(this.#circuits, service.id, () => this.#circuitOf(service)),
      budget: known(this.#budgets, service.id, () => new RetryBudget({ ...retryBudget, now })),
    };
  }

  /** `state` is in force from here on: checks go by it, and what it does not name is forgotten. */
  adopt(state: State): void {
    this.#state = state;
    const services = [...state.services.values()];
    retain(this.#circuits, new Set(state.services.keys()));
    retain(this.#budgets, new Set(state.services.keys()));
    retain(this.#memories, new Set(services.map((service) => keyOf(service, state))));
    for (const upstream of state.upstreams.values()) {
      const origins = candidatesOf(upstream, state).map(({ origin }) => origin);
      this.#memories.get(upstream.id)?.keep(new Set(origins));
    }
    this.#checks.adopt(state, (upstream) => this.#memories.get(upstream.id)?.healths);
  }

  /** How each target of an upstream is, by the state in force; undefined when that has no such upstream. */
  healthOf(upstreamId: string): readonly TargetReport[] | undefined {
    const upstream = this.#state?.upstreams.get(upstreamId);
    if (!upstream) return undefined;
    const { active, passive } = upstream.healthchecks;
    const isChecked = isOn(limitsOf(active)) || isOn(limitsOf(passive));
    const healths = this.#memories.get(upstreamId)?.healths;
    return targetsOf(upstream, this.#state!).map((target) => {
      const origin = originOf(target);
      const word = healths?.isHealthy(origin) ?? true ? "HEALTHY" : "UNHEALTHY";
      if (healths?.isNameUnknown(origin)) return { target, health: "DNS_ERROR" };
      return { target, health: isChecked ? word : "HEALTHCHECKS_OFF" };
    });
  }

  /** Says how a target is, until its checks say otherwise. @returns whether there is such a target. */
  setHealth(target: Target, isHealthy: boolean): boolean {
    const healths = this.#memories.get(target.upstream.id)?.healths;
    const origin = originOf(target);
    if (!healths?.isKnown(origin)) return false;
    healths.set(origin, isHealthy);
    return true;
  }

  /** Checks end. */
  [Symbol.dispose](): void {
    this.#checks[Symbol.dispose]();
  }

  #circuitOf({ name, host }: Service): Circuit {
    const { clock, log } = this.#options;
    return new Circuit({
      ...circuitLimits,
      now: () => clock.nowMs(),
      onOpened() {
        const fields = { "service.target.name": name ?? host };
        log.warn("Circuit opened: the service is left alone for a while", fields);
      },
    });
  }

  #poolOf(service: Service, state: State): Pool {
    const { host } = service;
    const memory = this.#memoryOf(keyOf(service, state));
    const { rests, healths } = memory;
    const upstream = upstreamOf(service, state);
    const picker = memory.picker(upstream?.algorithm ?? "round-robin");
    const fixed = upstream && candidatesOf(upstream, state);
    const candidates = fixed ? () => fixed : this.#discovered(service, memory);
    return new Pool({ host, candidates, upstream, picker, rests, healths });
  }

  /** What is no upstream's and no program's name is an address. */
  #discovered({ host, port }: Service, memory: PoolMemory): () => readonly Candidate[] {
    const address = { origins: [new URL(`https://${host}:${port}`).origin] };
    const instances: Instances = this.#options.discovery.watch(programOf(host)) ?? address;
    let seen: readonly string[] | undefined;
    let candidates: readonly Candidate[] = [];
    return () => {
      const { origins } = instances;
      if (origins === seen) return candidates;
      seen = origins;
      memory.keep(new Set(origins));
      return candidates = origins.map((origin) => ({ origin, weight: 1 }));
    };
  }

  #memoryOf(key: string): PoolMemory {
    const { clock, log } = this.#options;
    return known(this.#memories, key, () =>
      new PoolMemory(clock, (origin, isHealthy) => {
        const fields = { "server.address": new URL(origin).host };
        if (isHealthy) log.info("Target is healthy again", fields);
        else log.warn("Target is unhealthy: it is asked no more", fields);
        this.#checks.turned(key, origin);
      }));
  }
}

function keyOf(service: Service, state: State): string {
  return upstreamOf(service, state)?.id ?? `${service.host}:${service.port}`;
}

function known<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}

function retain(map: Map<string, unknown>, keys: ReadonlySet<string>): void {
  for (const key of map.keys()) if (!keys.has(key)) map.delete(key);
}
