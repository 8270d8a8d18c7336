import type { Database } from "platform/store";
import { type Periodic, periodically } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";
import { CloudEvent, type Happening, toCloudEvent } from "./cloud_event.ts";
import type { EventPublisher } from "./event_stream.ts";

/** Events that were committed together with the change they tell of, on their way out. */
export interface Outbox {
  /** The oldest events not yet sent. */
  pending(limit: number): Promise<readonly CloudEvent[]>;
  /** Forgets events that were sent. */
  sent(ids: readonly string[]): Promise<void>;
}

/** Schema of {@linkcode EmbeddedOutbox}, for the migrations of the database that holds it. */
export const outboxSchema = `
  create table outbox (
    position integer primary key autoincrement,
    id text not null unique,
    event text not null
  ) strict;
`;

/** An outbox in the service's own database. */
export class EmbeddedOutbox implements Outbox {
  readonly #db: Database;
  readonly #source: string;

  constructor(db: Database, source: string) {
    this.#db = db;
    this.#source = source;
  }

  /** Call it inside the transaction that makes the change: both are written, or neither. */
  add(happening: Happening): void {
    const event = toCloudEvent(this.#source, crypto.randomUUID(), happening);
    this.#db.run("insert into outbox (id, event) values (:id, :event)", {
      id: event.id,
      event: JSON.stringify(event),
    });
  }

  pending(limit: number): Promise<readonly CloudEvent[]> {
    const rows = this.#db.all("select event from outbox order by position limit :limit", { limit });
    return Promise.resolve(rows.map((row) => CloudEvent.parse(JSON.parse(String(row["event"])))));
  }

  sent(ids: readonly string[]): Promise<void> {
    this.#db.transaction(() => {
      for (const id of ids) this.#db.run("delete from outbox where id = :id", { id });
    });
    return Promise.resolve();
  }
}

const batchMax = 100;

/** Sends what is in `outbox`, oldest first, again and again until it is sent: at least once. */
export function relayOutbox(
  { outbox, publisher, log, everyMs = 100 }: {
    readonly outbox: Outbox;
    readonly publisher: EventPublisher;
    readonly log: Logger;
    readonly everyMs?: number;
  },
): Periodic {
  return periodically({ name: "outbox relay", everyMs, log }, async (signal) => {
    while (!signal.aborted) {
      const events = await outbox.pending(batchMax);
      if (events.length === 0) return;
      await publisher.publish(events);
      await outbox.sent(events.map(({ id }) => id));
    }
  });
}
