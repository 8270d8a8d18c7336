import type { CloudEvent } from "../cloud_event.ts";
import type { Outbox } from "../outbox.ts";

/** Sends whatever is in `outbox`. @returns it; the events of one subject are in their order. */
export async function drain(outbox: Outbox): Promise<readonly CloudEvent[]> {
  const events: CloudEvent[] = [];
  const send = (load: readonly CloudEvent[]) => {
    events.push(...load);
    return Promise.resolve();
  };
  while ((await outbox.relay(100, send)).sent > 0);
  return events;
}
