import {
  CloudEvent,
  type Happening,
  type Outbox,
  OutboxListeners,
  type Relayed,
  toCloudEvent,
} from "platform/events";
import type { Postgres } from "./postgres.ts";
import type { Sql } from "./postgres_connection.ts";

/** As many relays as this send at once. The table `outbox_lanes` has a row for each. */
const laneCount = 16;
/** How long sending one load may take. Nothing is lost when it takes longer: it is sent again. */
const relayMsMaxDefault = 5_000;

/**
 * An outbox in the service's own database. The events of one subject are in one lane, and a lane is one
 * relay's until it has sent a load: so many send at once, and each subject's events keep their order.
 */
export class PostgresOutbox implements Outbox {
  readonly #db: Postgres;
  readonly #source: string;
  readonly #relayMsMax: number;
  readonly #listeners = new OutboxListeners();
  /** By what events were added, in transactions that are not committed yet. */
  readonly #adding = new WeakSet<Sql>();

  constructor(
    db: Postgres,
    source: string,
    { relayMsMax = relayMsMaxDefault }: { readonly relayMsMax?: number } = {},
  ) {
    this.#db = db;
    this.#source = source;
    this.#relayMsMax = relayMsMax;
    db.onCommitted((sql) => {
      if (this.#adding.delete(sql)) this.#listeners.tell();
    });
  }

  /**
   * Call it inside the transaction that makes the change, after whatever holds the subject there: both
   * are written, or neither.
   */
  async add(sql: Sql, happening: Happening): Promise<void> {
    const event = toCloudEvent(this.#source, crypto.randomUUID(), happening);
    await sql`
      insert into outbox (lane, event)
      values (${laneOf(event.subject)}, ${JSON.stringify(event)}::text::json)`;
    this.#adding.add(sql);
  }

  onAdded(listener: () => void): Disposable {
    return this.#listeners.add(listener);
  }

  /** The load is held by an open transaction while it is sent: a crash gives it back. */
  relay(
    limit: number,
    send: (events: readonly CloudEvent[]) => Promise<void>,
  ): Promise<Relayed> {
    return this.#db.transaction(async (sql) => {
      const lane = await takeLane(sql);
      if (lane === undefined) return { sent: 0, isBusy: await hasEvents(sql) };
      const rows = await sql`
        select position, event from outbox where lane = ${lane} order by position limit ${limit}`;
      if (rows.length === 0) return { sent: 0, isBusy: false };
      await send(rows.map((row) => CloudEvent.parse(row["event"])));
      // By name: events may have been committed meanwhile whose place is among these.
      const sent = `{${rows.map((row) => row["position"]).join(",")}}`;
      await sql`delete from outbox where position = any(${sent}::bigint[])`;
      return { sent: rows.length, isBusy: false };
    }, { deadlineMs: this.#relayMsMax });
  }
}

/** Of the lanes that nobody else is at, the one whose events have waited longest. */
async function takeLane(sql: Sql): Promise<number | undefined> {
  const [row] = await sql`
    select outbox_lanes.lane
    from outbox_lanes cross join lateral (
      select position from outbox where outbox.lane = outbox_lanes.lane order by position limit 1
    ) oldest
    order by oldest.position limit 1
    for update of outbox_lanes skip locked`;
  return row && Number(row["lane"]);
}

async function hasEvents(sql: Sql): Promise<boolean> {
  const [row] = await sql`select exists (select from outbox) as "hasEvents"`;
  return row?.["hasEvents"] === true;
}

/** FNV-1a: the same in every process and version, since the order of events depends on it. */
function laneOf(subject: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(subject)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash % laneCount;
}
