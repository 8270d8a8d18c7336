import { deepEqual, equal, rejects } from "node:assert/strict";
import { migrations } from "@services/orders/migrations";
import {
  checkSchema,
  migrate,
  type Migration,
  type Postgres,
  SchemaError,
} from "platform/postgres";
import { openPostgresScene } from "../fixtures/postgres.ts";

const postgres = await openPostgresScene();
Deno.test.afterAll(async () => await postgres?.[Symbol.asyncDispose]());

const first = {
  name: "0001_things",
  sql: "create table things (id int); insert into things values (1);",
};
const second = { name: "0002_colours", sql: "alter table things add colour text;" };
const broken = { name: "0002_broken", sql: "alter table things add colour text; select 1 / 0;" };

function test(promise: string, check: (db: Postgres, other: Postgres) => Promise<void>): void {
  Deno.test({
    name: promise,
    ignore: !postgres,
    async fn() {
      const config = await postgres!.database("empty");
      await using db = postgres!.open(config);
      await using other = postgres!.open(config);
      await check(db, other);
    },
  });
}

test("Migrations are applied once each, in their order, and what is new later", async (db) => {
  deepEqual(await migrate(db, [first]), ["0001_things"]);
  deepEqual(await migrate(db, [first]), []);
  deepEqual(await migrate(db, [first, second]), ["0002_colours"]);
  deepEqual(await db.run((sql) => sql`select * from things`), [{ id: 1, colour: null }]);
  await checkSchema(db, [first, second]);
});

test("Migrations are applied once by two that migrate at once", async (db, other) => {
  const applied = await Promise.all([
    migrate(db, [first, second]),
    migrate(other, [first, second]),
  ]);
  deepEqual(applied.flat(), ["0001_things", "0002_colours"]);
  equal((await db.run((sql) => sql`select * from things`)).length, 1);
});

test("A migration that fails leaves nothing behind, nor do those before it", async (db) => {
  await rejects(migrate(db, [first, broken]), /division by zero/);
  const [row] = await db.run((sql) => sql`select to_regclass('things') as things`);
  equal(row?.["things"], null);
  deepEqual(await migrate(db, [first, second]), ["0001_things", "0002_colours"]);
});

test("A schema is refused that is not the one the program knows", async (db) => {
  const refusals: [known: readonly Migration[], message: RegExp][] = [
    [[{ ...first, sql: `${first.sql} ` }], /"0001_things" was changed/],
    [[], /has "0001_things", which this program does not know/],
    [[{ ...first, name: "0001_others" }], /has "0001_things", which/],
    [[first, second], /lacks "0002_colours": run `deno task migrate`/],
  ];
  await rejects(checkSchema(db, [first]), /lacks "0001_things": run `deno task migrate`/);
  await migrate(db, [first]);
  for (const [known, message] of refusals) {
    await rejects(checkSchema(db, known), (thrown) => {
      return thrown instanceof SchemaError && message.test(thrown.message);
    });
  }
  for (const [known] of refusals.slice(0, -1)) await rejects(migrate(db, known), SchemaError);
  await checkSchema(db, [first]);
});

test("Migrations are numbered from 1 without a gap", async (db) => {
  await rejects(migrate(db, [second]), /"0002_colours" is not number 1/);
  await rejects(migrate(db, [first, { ...second, name: "0003_colours" }]), SchemaError);
  await rejects(migrate(db, [{ ...first, name: "1_things" }]), SchemaError);
});

Deno.test("The program knows every migration that there is a file of", async () => {
  const folder = new URL("../../services/orders/migrations/", import.meta.url);
  const files = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  const scripts = files.filter((name) => name.endsWith(".sql")).toSorted();
  deepEqual(migrations.map(({ name }) => `${name}.sql`), scripts);
  for (const { name, sql } of migrations) {
    equal(sql, await Deno.readTextFile(new URL(`${name}.sql`, folder)));
  }
});
