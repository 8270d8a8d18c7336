import type { Database } from "platform/store";
import { periodically } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";
import { CloudEvent, type Happening, toCloudEvent } from "./cloud_event.ts";
import type { EventPublisher } from "./event_stream.ts";

/** Events that were committed together with the change they tell of, on their way out. */
export interface Outbox {
  /**
   * Hands up to `limit` of the oldest events to `send`, and forgets them when it resolves; when it
   * throws, they stay, and the error is passed on. Events of one subject go in their order, one load
   * at a time: those that another relay is at are left to it.
   */
  relay(limit: number, send: (events: readonly CloudEvent[]) => Promise<void>): Promise<Relayed>;

  /** Has `listener` called when this process has committed events. Of other processes' nothing is told. */
  onAdded(listener: () => void): Disposable;
}

/** What came of one look into an outbox. */
export interface Relayed {
  /** How many events were sent. */
  readonly sent: number;
  /** Whether there are others that another relay was at. */
  readonly isBusy: boolean;
}

/** Who is told of the events that a process commits. */
export class OutboxListeners {
  readonly #listeners = new Set<() => void>();

  add(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  tell(): void {
    for (const listener of this.#listeners) listener();
  }
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
  readonly #listeners = new OutboxListeners();

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
    // The transaction is over when the microtasks are run.
    queueMicrotask(() => this.#listeners.tell());
  }

  onAdded(listener: () => void): Disposable {
    return this.#listeners.add(listener);
  }

  async relay(
    limit: number,
    send: (events: readonly CloudEvent[]) => Promise<void>,
  ): Promise<Relayed> {
    const rows = this.#db.all("select event from outbox order by position limit :limit", { limit });
    const events = rows.map((row) => CloudEvent.parse(JSON.parse(String(row["event"]))));
    if (events.length === 0) return { sent: 0, isBusy: false };
    await send(events);
    this.#db.transaction(() => {
      for (const { id } of events) this.#db.run("delete from outbox where id = :id", { id });
    });
    return { sent: events.length, isBusy: false };
  }
}

const batchMax = 100;
/** Before the next look when another relay was at events: it may not have seen the newest. */
const busyMs = 50;
/** Between two looks for events that a crashed process left. */
const leftOverMs = 1_000;

/**
 * Sends what is in `outbox`, oldest first, again and again until it is sent: at least once. What this
 * process commits is sent at once; what others leave is looked for every `everyMs`.
 */
export function relayOutbox(
  { outbox, publisher, log, everyMs = leftOverMs }: {
    readonly outbox: Outbox;
    readonly publisher: EventPublisher;
    readonly log: Logger;
    readonly everyMs?: number;
  },
): AsyncDisposable {
  let fails = false;
  const relay = periodically({ name: "outbox relay", everyMs, log }, async (signal) => {
    try {
      let relayed: Relayed;
      do {
        relayed = await outbox.relay(batchMax, (events) => publisher.publish(events));
        if (relayed.sent > 0) log.debug("Events relayed", { "event.count": relayed.sent });
      } while (relayed.sent > 0 && !signal.aborted);
      fails = false;
      if (relayed.isBusy) relay.wake(busyMs);
    } catch (thrown) {
      fails = true;
      throw thrown;
    }
  });
  // While it fails, it is tried in its own time: what comes to pass meanwhile makes it no better.
  const listening = outbox.onAdded(() => {
    if (!fails) relay.wake();
  });
  return {
    async [Symbol.asyncDispose]() {
      listening[Symbol.dispose]();
      await relay[Symbol.asyncDispose]();
    },
  };
}
