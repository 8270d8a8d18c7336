import { deepEqual, equal, throws } from "node:assert/strict";
import { headerList } from "./mod.ts";

Deno.test("A list of headers answers as Headers does, whatever the case of the name", () => {
  const headers = headerList(["accept", "a", "set-cookie", "1", "accept", "b", "set-cookie", "2"]);
  equal(headers.get("Accept"), "a, b");
  equal(headers.get("x"), null);
  equal(headers.has("SET-COOKIE"), true);
  deepEqual(headers.getSetCookie(), ["1", "2"]);
  headers.set("Accept", "c");
  headers.append("X", "1");
  headers.delete("Set-Cookie");
  deepEqual([...headers], [["accept", "c"], ["x", "1"]]);
  deepEqual([...new Headers([...headers]).keys()], ["accept", "x"]);
});

Deno.test("A list of headers leaves the fields alone that it was made from", () => {
  const fields = ["a", "1"];
  const headers = headerList(fields);
  headers.append("b", "2");
  headers.set("a", "3");
  deepEqual(fields, ["a", "1"]);
});

Deno.test("Nothing that could end a line gets into a list of headers", () => {
  const headers = headerList();
  for (const value of ["a\r\nb: 1", "a\nb", "\x00", "\u0100"]) {
    throws(() => headers.set("a", value), TypeError);
    throws(() => headers.append("a", value), TypeError);
  }
  throws(() => headers.set("a b", "1"), TypeError);
  throws(() => headers.append("", "1"), TypeError);
  deepEqual([...headers], []);
});
