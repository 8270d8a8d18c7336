import type { Database } from "platform/store";
import { type Periodic, periodically } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";
import type { CloudEvent } from "./cloud_event.ts";
import type { EventReader } from "./event_stream.ts";

/** What has been handled of each source's events: at least once on the wire, once in effect. */
export interface Inbox {
  /** The position to read on after, or undefined at the beginning. */
  position(source: string): Promise<string | undefined>;
}

/** Schema of {@linkcode EmbeddedInbox}, for the migrations of the database that holds it. */
export const inboxSchema = `
  create table inbox_positions (source text primary key, position text not null) strict;
  create table inbox_events (
    id text primary key,
    handled_at_ms integer not null
  ) strict, without rowid;
  create index inbox_events_by_age on inbox_events (handled_at_ms);
`;

/** Longer than any event is delivered again. */
const rememberedMs = 30 * 24 * 3_600_000;

/** An inbox in the service's own database. */
export class EmbeddedInbox implements Inbox {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  position(source: string): Promise<string | undefined> {
    const row = this.#db.get("select position from inbox_positions where source = :source", {
      source,
    });
    return Promise.resolve(row && String(row["position"]));
  }

  /** Does `effect` and moves on, in one transaction; an event seen before has no effect again. */
  handle(
    source: string,
    { position, event }: { readonly position: string; readonly event: CloudEvent },
    at: Date,
    effect: () => void,
  ): void {
    this.#db.transaction(() => {
      if (this.remember(event.id, at)) effect();
      this.#db.run(
        `insert into inbox_positions (source, position) values (:source, :position)
         on conflict (source) do update set position = excluded.position`,
        { source, position },
      );
    });
  }

  /** Call it inside the transaction of the effect. @returns whether the event is new. */
  remember(eventId: string, at: Date): boolean {
    const before = at.getTime() - rememberedMs;
    this.#db.run("delete from inbox_events where handled_at_ms < :before", { before });
    return this.#db.run(
      "insert or ignore into inbox_events (id, handled_at_ms) values (:id, :at)",
      { id: eventId, at: at.getTime() },
    ) === 1;
  }
}

const batchMax = 100;

/** Reads a source's events on and on, handing each to `handle`, which must record it in `inbox`. */
export function consumeEvents(
  { source, reader, inbox, log, everyMs = 100 }: {
    readonly source: string;
    readonly reader: EventReader;
    readonly inbox: Inbox;
    readonly log: Logger;
    readonly everyMs?: number;
  },
  handle: (delivery: { readonly position: string; readonly event: CloudEvent }) => Promise<void>,
): Periodic {
  return periodically({ name: `events of ${source}`, everyMs, log }, async (signal) => {
    while (!signal.aborted) {
      const deliveries = await reader.read(await inbox.position(source), batchMax);
      if (deliveries.length === 0) return;
      for (const delivery of deliveries) await handle(delivery);
    }
  });
}
