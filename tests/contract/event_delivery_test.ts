import { EmbeddedInbox, EmbeddedOutbox, inboxSchema, outboxSchema } from "platform/events";
import { Database } from "platform/store";
import { type DeliveryEnds, eventDeliveryContract } from "./event_delivery_contract.ts";

const noon = new Date("2026-01-02T12:00:00.000Z");
const effectsSchema = "create table effects (subject text not null) strict;";

async function openEnds(): Promise<DeliveryEnds> {
  const dir = await Deno.makeTempDir();
  const ends = endsIn(`${dir}/test.sqlite`);
  return {
    ...ends,
    async [Symbol.asyncDispose]() {
      await ends[Symbol.asyncDispose]();
      await Deno.remove(dir, { recursive: true });
    },
  };
}

function endsIn(path: string): DeliveryEnds {
  const db = Database.open(path, [outboxSchema + inboxSchema + effectsSchema]);
  const outbox = new EmbeddedOutbox(db, "test");
  const inbox = new EmbeddedInbox(db);
  return {
    outbox,
    // deno-lint-ignore require-await -- whatever is thrown must come as a rejection.
    async commit(happening, fails = false) {
      db.transaction(() => {
        outbox.add(happening);
        if (fails) throw new Error("Killed");
      });
    },
    // deno-lint-ignore require-await -- whatever is thrown must come as a rejection.
    async handle(delivery, fails = false) {
      const { subject } = delivery.event;
      db.transaction(() => {
        if (!inbox.remember(delivery.event.id, noon)) return;
        db.run("insert into effects (subject) values (:subject)", { subject });
        if (fails) throw new Error("Killed");
      });
    },
    effects() {
      const rows = db.all("select subject from effects order by rowid");
      return Promise.resolve(rows.map((row) => String(row["subject"])));
    },
    // The crashed one is not closed first: nobody tidies up after a kill.
    restarted: () => Promise.resolve(endsIn(path)),
    [Symbol.asyncDispose]() {
      db[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

eventDeliveryContract("Embedded outbox and inbox", openEnds);
