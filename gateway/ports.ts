/** The windows that a limit can be counted in: Kong's, aligned to the UTC calendar. */
export const windowUnits = ["second", "minute", "hour", "day", "month", "year"] as const;
export type WindowUnit = typeof windowUnits[number];

export interface Limit {
  readonly unit: WindowUnit;
  readonly requestsMax: number;
}

export interface Taken {
  /** False when one of the windows was full: then nothing was counted. */
  readonly taken: boolean;
  /** Requests in each window now, in the order of the limits; this one included when it was taken. */
  readonly counts: readonly number[];
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

/** Where the platform's programs are. */
export interface Discovery {
  /** The base URL of a program now, without path; undefined when no program has that name. */
  locate(program: string): URL | undefined;
}
