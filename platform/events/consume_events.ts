import { type Periodic, periodically } from "platform/lifecycle";
import { StoreUnavailableError } from "platform/store";
import type { Logger } from "platform/telemetry";
import type { Delivery, EventReader } from "./event_stream.ts";

const batchMax = 100;

export interface ConsumeOptions {
  readonly source: string;
  readonly reader: EventReader;
  readonly log: Logger;
  readonly everyMs?: number;
}

/**
 * Reads a source's events on and on, handing each to `handle`, which must know one again that it has
 * handled. One that fails is tried again later, and the others go on; so events have no order then.
 * When the handler's own store is away, that is no fault of the event: it is kept, with those behind it.
 */
export function consumeEvents(
  { source, reader, log, everyMs = 100 }: ConsumeOptions,
  handle: (delivery: Delivery) => Promise<void>,
): Periodic {
  let waiting: Delivery[] = [];
  return periodically({ name: `events of ${source}`, everyMs, log }, async (signal) => {
    while (!signal.aborted) {
      if (waiting.length === 0) waiting = [...await reader.read(batchMax)];
      if (waiting.length === 0) return;
      while (waiting.length > 0) {
        await consume(waiting[0]!, { reader, log, handle });
        waiting.shift();
      }
    }
  });
}

async function consume(
  delivery: Delivery,
  { reader, log, handle }: Pick<ConsumeOptions, "reader" | "log"> & {
    readonly handle: (delivery: Delivery) => Promise<void>;
  },
): Promise<void> {
  try {
    await handle(delivery);
  } catch (thrown) {
    if (thrown instanceof StoreUnavailableError) throw thrown;
    const { id, type } = delivery.event;
    const isDead = await reader.failed(delivery, reasonOf(thrown));
    const message = isDead ? "Event set aside: it is a dead letter" : "Event failed";
    return log.failure(message, thrown, { "event.id": id, "event.action": type });
  }
  await reader.handled(delivery);
}

/** An error's message may quote what it was about. Its class does not. */
function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : "Something was thrown";
}
