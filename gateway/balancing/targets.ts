import {
  referenceOf,
  type Service,
  type State,
  type Target,
  type Upstream,
} from "../entities/mod.ts";
import type { Candidate } from "./picker.ts";

/** The upstream that `service` has for its host. */
export function upstreamOf({ host }: Service, state: State): Upstream | undefined {
  return state.upstreams.values().find(({ name }) => name === host);
}

export function targetsOf({ id }: Upstream, state: State): Target[] {
  return [...state.targets.values()].filter(({ upstream }) => referenceOf(upstream) === id);
}

/** One without weight takes nothing. */
export function candidatesOf(upstream: Upstream, state: State): readonly Candidate[] {
  return targetsOf(upstream, state)
    .map((target) => ({ origin: originOf(target), weight: target.weight }))
    .filter(({ weight }) => weight > 0);
}

export function originOf({ target }: Target): string {
  return new URL(`https://${target}`).origin;
}
