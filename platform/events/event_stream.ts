import type { CloudEvent } from "./cloud_event.ts";

/** Where a program's events go to, in order. Publishing one twice is allowed: readers tell by its id. */
export interface EventPublisher extends AsyncDisposable {
  /** When this resolves, the events are kept and will be read. */
  publish(events: readonly CloudEvent[]): Promise<void>;
}

/** An event and its place in the stream. */
export interface Delivery {
  readonly event: CloudEvent;
  /** Opaque: hand back the last one handled to go on after it. */
  readonly position: string;
}

/** Where another program's events come from. */
export interface EventReader extends AsyncDisposable {
  /** Up to `limit` events after `position` (undefined: from the beginning), oldest first. Does not wait. */
  read(position: string | undefined, limit: number): Promise<readonly Delivery[]>;
}
