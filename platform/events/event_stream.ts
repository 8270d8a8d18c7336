import type { CloudEvent } from "./cloud_event.ts";

/** Where a program's events go to, in order. Publishing one twice is allowed: readers tell by its id. */
export interface EventPublisher extends AsyncDisposable {
  /** When this resolves, the events are kept and will be read. */
  publish(events: readonly CloudEvent[]): Promise<void>;
}

/** An event, given to one reader of a group. */
export interface Delivery {
  readonly event: CloudEvent;
  /** Names the delivery to the reader that gave it. Opaque. */
  readonly position: string;
}

/** Where another program's events come from. The readers of one group share its events among them. */
export interface EventReader extends AsyncDisposable {
  /**
   * Up to `limit` events that the group has not handled, and that no reader of it is at: what has failed
   * and is due again first, then the others, oldest first. Does not wait. What a reader took and said
   * nothing of for {@linkcode RetryRules.abandonedAfterMs} is given to another, and at once when it was
   * disposed of. What is no event goes to the dead letters.
   */
  read(limit: number): Promise<readonly Delivery[]>;
  /** The group is not given the event again. */
  handled(delivery: Delivery): Promise<void>;
  /**
   * The group is given the event again, after a pause that grows with each failure. It goes to the dead
   * letters when it has failed often enough and for long enough.
   *
   * @returns whether it is dead.
   */
  failed(delivery: Delivery, reason: string): Promise<boolean>;
}

/** When an event that fails is tried again, and when no more. */
export interface RetryRules {
  /** The pause after the first failure; it doubles with each. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** An event is dead when it has failed so often … */
  readonly attemptsMax: number;
  /** … and for so long, from its first failure on. */
  readonly triedForMs: number;
  /** So long a reader may be silent about what it took, before another is given it. */
  readonly abandonedAfterMs: number;
}

export const retryRules: RetryRules = {
  firstPauseMs: 200,
  longestPauseMs: 60_000,
  attemptsMax: 10,
  triedForMs: 10 * 60_000,
  abandonedAfterMs: 30_000,
};

/** Why something went to the dead letters without being tried. */
export const malformed = "It is no CloudEvent";

/** What a group could not handle, and will not be given again unless somebody says so. */
export interface DeadLetter {
  /** Opaque. */
  readonly id: string;
  /** The event as it was read: JSON, unless that was the matter. */
  readonly text: string;
  readonly reason: string;
  readonly attempts: number;
  readonly at: Date;
}

/** The dead letters of one group. */
export interface DeadLetters {
  /** Up to `limit`, oldest first. */
  list(limit: number): Promise<readonly DeadLetter[]>;
  /** Gives the event to the group again, as if for the first time. @returns false when there is no such letter. */
  replay(id: string): Promise<boolean>;
}
