import { deepEqual, equal, throws } from "node:assert/strict";
import { listsToken, MessageError, onlyField, parseFieldLines } from "./mod.ts";

const parse = (text: string) => parseFieldLines(text, 0, 100);

Deno.test("Field lines are read in their order, names in lower case and values without their padding", () => {
  deepEqual(parse("Host: a\r\nX-B:\t 1 2 \t\r\nx-b:\r\nÿ".replace("ÿ", "")), [
    "host",
    "a",
    "x-b",
    "1 2",
    "x-b",
    "",
  ]);
  deepEqual(parse(""), []);
  deepEqual(parse("name: caf\xe9\r\n"), ["name", "caf\xe9"]);
});

Deno.test("What is no field line is refused, whatever a lenient reader would make of it", () => {
  const hostile = [
    "a: 1\r\n b: folded\r\n",
    "a: 1\r\n\tb\r\n",
    "a: 1\n",
    "a: 1\nb: 2\r\n",
    "a: 1\rb: 2\r\n",
    "a : 1\r\n",
    " a: 1\r\n",
    ": 1\r\n",
    "no colon\r\n",
    "a\x00: 1\r\n",
    "a: \x00\r\n",
    "a: \x7f\r\n",
    "a: \x1b[0m\r\n",
    "a(b): 1\r\n",
    "caf\xe9: 1\r\n",
    "a: 1",
    "\r\n",
  ];
  for (const text of hostile) throws(() => parse(text), MessageError, JSON.stringify(text));
});

Deno.test("More fields than may be are too many", () => {
  const lines = (count: number) => "a: 1\r\n".repeat(count);
  equal(parseFieldLines(lines(3), 0, 3).length, 6);
  throws(() => parseFieldLines(lines(4), 0, 3), { fault: "fieldsTooLarge" });
});

Deno.test("A field that must be alone is refused when it is there twice, though it says the same", () => {
  equal(onlyField(["a", "1", "b", "2"], "b"), "2");
  equal(onlyField(["a", "1"], "b"), undefined);
  throws(() => onlyField(["a", "1", "a", "1"], "a"), { fault: "malformed" });
});

Deno.test("A token is found in a list in any case, and not as a part of another", () => {
  equal(listsToken(["connection", "Keep-Alive , CLOSE"], "connection", "close"), true);
  equal(listsToken(["connection", "a", "connection", "close"], "connection", "close"), true);
  equal(listsToken(["connection", "enclose"], "connection", "close"), false);
});
