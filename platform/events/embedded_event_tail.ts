import { type CloudEvent, parseEvent } from "./cloud_event.ts";
import { EventFile } from "./event_file.ts";
import type { EventTail } from "./event_tail.ts";

/** Reads another program's event file. Until that program has made it, there are no events. */
export class EmbeddedEventTail implements EventTail {
  readonly #file: EventFile;
  readonly #since: string;
  #position: number | undefined;

  constructor({ path, since }: { readonly path: string; readonly since: Date }) {
    this.#file = new EventFile(path);
    this.#since = since.toISOString();
  }

  // deno-lint-ignore require-await -- what the database throws must come as a rejection.
  async read(limit: number): Promise<readonly CloudEvent[]> {
    const db = this.#file.open();
    if (!db) return [];
    // The last before the time: times of events are in one form, so that their order is that of their text.
    this.#position ??= Number(
      db.get(
        "select max(position) as position from events where event ->> '$.time' < :since",
        { since: this.#since },
      )?.["position"] ?? 0,
    );
    const rows = db.all(
      "select position, event from events where position > :after order by position limit :limit",
      { after: this.#position, limit },
    );
    this.#position = Number(rows.at(-1)?.["position"] ?? this.#position);
    return rows.flatMap(({ event }) => parseEvent(String(event)) ?? []);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}
