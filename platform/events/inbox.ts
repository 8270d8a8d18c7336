import type { Database } from "platform/store";

/** Schema of {@linkcode EmbeddedInbox}, for the migrations of the database that holds it. */
export const inboxSchema = `
  create table inbox_events (
    id text primary key,
    handled_at_ms integer not null
  ) strict, without rowid;
  create index inbox_events_by_age on inbox_events (handled_at_ms);
`;

/** Longer than any event is delivered again. */
const rememberedMs = 30 * 24 * 3_600_000;

/** Which events have been handled, in the service's own database: at least once on the wire, once in effect. */
export class EmbeddedInbox {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
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
