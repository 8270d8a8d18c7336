import {
  type Postgres,
  type PostgresConfig,
  PostgresIdempotencyStore,
  PostgresOutbox,
  rememberEvent,
} from "platform/postgres";
import { openPostgresScene } from "../fixtures/postgres.ts";
import { takingTurns } from "../fixtures/taking_turns.ts";
import { type DeliveryEnds, eventDeliveryContract } from "./event_delivery_contract.ts";
import { idempotencyStoreContract } from "./idempotency_store_contract.ts";

const noon = new Date("2026-01-02T12:00:00.000Z");

const postgres = await openPostgresScene();
/** What tests have opened whose contract closes nothing. */
const opened = new AsyncDisposableStack();
Deno.test.afterAll(async () => {
  await opened.disposeAsync();
  await postgres?.[Symbol.asyncDispose]();
});

async function openKeys(): Promise<PostgresIdempotencyStore> {
  const config = await postgres!.database();
  const open = () => new PostgresIdempotencyStore(opened.use(postgres!.open(config, 5)));
  return takingTurns(open(), open());
}

idempotencyStoreContract("PostgresIdempotencyStore of two processes", postgres && openKeys);

async function openEnds(): Promise<DeliveryEnds> {
  const config = await postgres!.database();
  await using db = postgres!.open(config);
  await db.run((sql) =>
    sql`create table effects (
      position bigint generated always as identity, subject text not null
    )`
  );
  return endsIn(config);
}

function endsIn(config: PostgresConfig): DeliveryEnds {
  const db: Postgres = postgres!.open(config);
  const other: Postgres = postgres!.open(config);
  const outbox = new PostgresOutbox(db, "test");
  return {
    outbox: takingTurns(outbox, new PostgresOutbox(other, "test")),
    async commit(happening, fails = false) {
      await db.transaction(async (sql) => {
        await outbox.add(sql, happening);
        if (fails) throw new Error("Killed");
      });
    },
    async handle(delivery, fails = false) {
      await takingTurns(db, other).transaction(async (sql) => {
        const { id, subject } = delivery.event;
        if (!await rememberEvent(sql, id, noon)) return;
        await sql`insert into effects (subject) values (${subject})`;
        if (fails) throw new Error("Killed");
      });
    },
    async effects() {
      const rows = await db.run((sql) => sql`select subject from effects order by position`);
      return rows.map((row) => String(row["subject"]));
    },
    // The crashed one is not closed first: nobody tidies up after a kill.
    restarted: () => Promise.resolve(endsIn(config)),
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    },
  };
}

eventDeliveryContract("PostgreSQL outbox and inbox", postgres && openEnds);
