import { Database } from "platform/store";
import type { CloudEvent } from "./cloud_event.ts";
import type { EventPublisher } from "./event_stream.ts";

const schema = `
  create table events (
    position integer primary key autoincrement,
    id text not null unique,
    event text not null
  ) strict;
`;

/** Writes one program's events to a SQLite file of its own. Nobody else writes there, so nobody waits for a lock. */
export class EmbeddedEventPublisher implements EventPublisher {
  readonly #db: Database;

  constructor(path: string) {
    this.#db = Database.open(path, [schema]);
  }

  publish(events: readonly CloudEvent[]): Promise<void> {
    this.#db.transaction(() => {
      for (const event of events) {
        this.#db.run("insert or ignore into events (id, event) values (:id, :event)", {
          id: event.id,
          event: JSON.stringify(event),
        });
      }
    });
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#db[Symbol.dispose]();
    return Promise.resolve();
  }
}
