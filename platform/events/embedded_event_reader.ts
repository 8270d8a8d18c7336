import { Database, type Row } from "platform/store";
import { parseEvent } from "./cloud_event.ts";
import {
  type DeadLetter,
  type DeadLetters,
  type Delivery,
  type EventReader,
  malformed,
  type RetryRules,
  retryRules,
} from "./event_stream.ts";
import { EventFile } from "./event_file.ts";
import { groupSchemas } from "./embedded_group_schema.ts";

/** Tells the readers of this process from those of one that died. */
const processId = crypto.randomUUID();

export interface EmbeddedEventReaderOptions {
  /** Of the other program's event file. */
  readonly path: string;
  /** Of the file in which the group keeps how far it is. */
  readonly groupPath: string;
  readonly rules?: RetryRules;
  readonly now?: () => number;
}

/**
 * Reads another program's event file, for a group that keeps how far it is in a file of its own. Until
 * that program has made its file, there are no events. The readers of a group are in one process.
 */
export class EmbeddedEventReader implements EventReader, DeadLetters {
  readonly #path: string;
  readonly #file: EventFile;
  readonly #group: Database;
  readonly #rules: RetryRules;
  readonly #now: () => number;
  readonly #holder = `${processId} ${crypto.randomUUID()}`;

  constructor(
    { path, groupPath, rules = retryRules, now = Date.now }: EmbeddedEventReaderOptions,
  ) {
    this.#path = path;
    this.#file = new EventFile(path);
    this.#rules = rules;
    this.#now = now;
    this.#group = Database.open(groupPath, groupSchemas);
    // One process owns the file: whoever held a delivery before it is gone.
    this.#group.run(
      "update deliveries set holder = null, due_at_ms = 0 where holder not like :ours",
      { ours: `${processId} %` },
    );
  }

  read(limit: number): Promise<readonly Delivery[]> {
    const rows = this.#group.transaction(() => {
      const due = this.#takeDue(limit);
      return [...due, ...this.#takeNew(limit - due.length)];
    });
    return Promise.resolve(rows.flatMap((row) => this.#deliver(row) ?? []));
  }

  handled({ position }: Delivery): Promise<void> {
    this.#forget(position);
    return Promise.resolve();
  }

  failed({ position }: Delivery, reason: string): Promise<boolean> {
    return Promise.resolve(this.#group.transaction(() => {
      const row = this.#group.get(
        `update deliveries set attempts = attempts + 1, holder = null,
           first_failed_at_ms = coalesce(first_failed_at_ms, :now)
         where source = :source and position = :position returning *`,
        { ...this.#at(position), now: this.#now() },
      );
      if (!row) return false;
      const { attemptsMax, triedForMs, firstPauseMs, longestPauseMs } = this.#rules;
      const attempts = Number(row["attempts"]);
      const triedMs = this.#now() - Number(row["first_failed_at_ms"]);
      if (attempts >= attemptsMax && triedMs >= triedForMs) {
        this.#bury(row, reason);
        return true;
      }
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (attempts - 1));
      this.#group.run(
        "update deliveries set due_at_ms = :due where source = :source and position = :position",
        { ...this.#at(position), due: this.#now() + pauseMs },
      );
      return false;
    }));
  }

  list(limit: number): Promise<readonly DeadLetter[]> {
    const rows = this.#group.all(
      "select * from dead_letters where source = :source order by id limit :limit",
      { source: this.#path, limit },
    );
    return Promise.resolve(rows.map((row) => ({
      id: String(row["id"]),
      text: String(row["event"]),
      reason: String(row["reason"]),
      attempts: Number(row["attempts"]),
      at: new Date(Number(row["at_ms"])),
    })));
  }

  replay(id: string): Promise<boolean> {
    return Promise.resolve(this.#group.transaction(() => {
      const row = this.#group.get(
        "delete from dead_letters where source = :source and id = :id returning *",
        { source: this.#path, id },
      );
      if (!row) return false;
      this.#group.run(
        `insert into deliveries (source, position, event, due_at_ms)
         values (:source, :position, :event, 0)`,
        { ...this.#at(String(row["position"])), event: row["event"]! },
      );
      return true;
    }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#group.run("update deliveries set holder = null, due_at_ms = 0 where holder = :holder", {
      holder: this.#holder,
    });
    this.#file[Symbol.dispose]();
    this.#group[Symbol.dispose]();
    return Promise.resolve();
  }

  /** What failed and is due, and what a reader took and has been silent about for too long. */
  #takeDue(limit: number): Row[] {
    const rows = this.#group.all(
      `update deliveries set holder = :holder, due_at_ms = :until
       where source = :source and position in (
         select position from deliveries where source = :source and due_at_ms <= :now
         order by position limit :limit
       ) returning *`,
      { source: this.#path, limit, ...this.#taking() },
    );
    return rows.toSorted((one, other) => Number(one["position"]) - Number(other["position"]));
  }

  #takeNew(limit: number): Row[] {
    const db = this.#file.open();
    if (!db || limit <= 0) return [];
    const source = this.#path;
    const progress = this.#group.get("select position from progress where source = :source", {
      source,
    });
    const rows = db.all(
      "select position, event from events where position > :after order by position limit :limit",
      { after: Number(progress?.["position"] ?? 0), limit },
    );
    const { holder, until } = this.#taking();
    for (const { position, event } of rows) {
      this.#group.run(
        `insert into deliveries (source, position, event, holder, due_at_ms)
         values (:source, :position, :event, :holder, :until)`,
        { source, position: position!, event: event!, holder, until },
      );
    }
    const last = rows.at(-1);
    if (last) {
      this.#group.run(
        `insert into progress (source, position) values (:source, :position)
         on conflict (source) do update set position = excluded.position`,
        { source, position: last["position"]! },
      );
    }
    return rows;
  }

  #taking(): { readonly holder: string; readonly now: number; readonly until: number } {
    const now = this.#now();
    return { holder: this.#holder, now, until: now + this.#rules.abandonedAfterMs };
  }

  #deliver(row: Row): Delivery | undefined {
    const position = String(row["position"]);
    const event = parseEvent(String(row["event"]));
    if (event) return { position, event };
    this.#group.transaction(() => this.#bury({ ...row, attempts: 0 }, malformed));
    return undefined;
  }

  #bury(row: Row, reason: string): void {
    const { position, event, attempts } = row;
    this.#forget(String(position));
    this.#group.run(
      `insert into dead_letters (source, position, event, reason, attempts, at_ms)
       values (:source, :position, :event, :reason, :attempts, :now)`,
      {
        ...this.#at(String(position)),
        event: event!,
        reason,
        attempts: attempts!,
        now: this.#now(),
      },
    );
  }

  #forget(position: string): void {
    this.#group.run(
      "delete from deliveries where source = :source and position = :position",
      this.#at(position),
    );
  }

  #at(position: string): { readonly source: string; readonly position: number } {
    return { source: this.#path, position: Number(position) };
  }
}
