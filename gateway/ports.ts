import type { State } from "./entities/state.ts";

/** The windows that a limit can be counted in: Kong's, aligned to the UTC calendar. */
export const windowUnits = ["second", "minute", "hour", "day", "month", "year"] as const;
export type WindowUnit = typeof windowUnits[number];

/**
 * `fixed`: a window begins at zero. `sliding`: what was counted in the window before still weighs, by the
 * share of it that the last window-length reaches back into: no two windows' worth passes at their border.
 */
export const windowTypes = ["fixed", "sliding"] as const;
export type WindowType = typeof windowTypes[number];

export interface Limit {
  readonly unit: WindowUnit;
  readonly requestsMax: number;
  /** `fixed` when absent. */
  readonly windowType?: WindowType;
}

export interface Taken {
  /** False when one of the windows was full: then nothing was counted. */
  readonly taken: boolean;
  /** Requests in each window now, in the order of the limits; this one included when it was taken. */
  readonly counts: readonly number[];
  /** Of them, those of the window before, not weighed yet; absent when no limit slides. */
  readonly earlier?: readonly number[];
}

/**
 * Counts requests in calendar windows. Each call is atomic, and one round trip at most
 * for an adapter that keeps its counts elsewhere.
 */
export interface RequestCounter {
  /**
   * Counts one request of `key` in every window of `limits` that `at` lies in, or in none
   * of them when one is full already: a refused request uses up nothing.
   */
  take(key: string, limits: readonly Limit[], at: Date): Taken | Promise<Taken>;
}

/** A state that was changed by the Admin API, and what it was changed from. */
export interface KeptState {
  readonly state: State;
  /** The text of the configuration file when the change was made. */
  readonly base: string;
}

/** Where the configuration is kept that the Admin API has changed. */
export interface StateStore {
  /** What was kept last, if it was made from `base`; a file that has changed since takes its place. */
  load(base: string): Promise<State | undefined>;
  /** What was kept before is replaced, or nothing has happened: also when the machine dies meanwhile. */
  save(kept: KeptState): Promise<void>;
}

/** A service's answer as it is kept for others who ask the same. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array<ArrayBuffer>;
  /** When the service gave it, in milliseconds since 1970. */
  readonly atMs: number;
  /** How long from then on it is fresh. */
  readonly freshMs: number;
  /** Of the headers that its `Vary` names, hashes of what the request said. */
  readonly variant: readonly (readonly [name: string, hash: string])[];
}

/** Where answers are kept, at most so many and so large. Never throws: what cannot be asked has nothing. */
export interface AnswerCache {
  look(key: string): KeptAnswer | undefined | Promise<KeptAnswer | undefined>;
  /** Keeps an answer for `keptMs`, in place of an earlier one, unless it is too large or cannot be kept. */
  keep(key: string, answer: KeptAnswer, keptMs: number): void | Promise<void>;
}
