import { deepEqual, equal, throws } from "node:assert/strict";
import { Database } from "./database.ts";

const schema = "create table things (id integer primary key) strict;";

Deno.test("A transaction that throws writes nothing, and the next one can begin", () => {
  using db = Database.open(":memory:", [schema]);
  const failed = () => {
    db.run("insert into things values (1)");
    throw new RangeError("no");
  };
  throws(() => db.transaction(failed), RangeError);
  deepEqual(db.all("select id from things"), []);
  equal(db.transaction(() => db.run("insert into things values (2)")), 1);
});

Deno.test("A transaction that SQLite has ended itself tells the error that ended it", () => {
  using db = Database.open(":memory:", [schema]);
  db.run("insert into things values (1)");
  const ended = () => db.run("insert or rollback into things values (1)");
  throws(() => db.transaction(ended), /UNIQUE constraint failed/);
  equal(db.transaction(() => db.run("insert into things values (2)")), 1);
});
