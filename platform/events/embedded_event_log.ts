import { Database } from "platform/store";
import { CloudEvent } from "./cloud_event.ts";
import type { Delivery, EventPublisher, EventReader } from "./event_stream.ts";

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

/** Reads another program's event file. Until that program has made it, there are no events. */
export class EmbeddedEventReader implements EventReader {
  readonly #path: string;
  #db: Database | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  read(position: string | undefined, limit: number): Promise<readonly Delivery[]> {
    const db = this.#open();
    if (!db) return Promise.resolve([]);
    const rows = db.all(
      "select position, event from events where position > :after order by position limit :limit",
      { after: Number(position ?? 0), limit },
    );
    return Promise.resolve(rows.map((row) => ({
      position: String(row["position"]),
      event: CloudEvent.parse(JSON.parse(String(row["event"]))),
    })));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#db?.[Symbol.dispose]();
    return Promise.resolve();
  }

  #open(): Database | undefined {
    if (this.#db) return this.#db;
    if (!isThere(this.#path)) return undefined;
    using opened = new DisposableStack();
    const db = opened.use(Database.openReadOnly(this.#path));
    // The file may be there before its table is.
    if (!db.get("select 1 from sqlite_master where name = 'events'")) return undefined;
    opened.move();
    return this.#db = db;
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}
