import { deepEqual, throws } from "node:assert/strict";
import { type FieldLines, MessageError, requestFraming, responseFraming } from "./mod.ts";

Deno.test("A request has the body that its head tells of, and none when it tells of none", () => {
  deepEqual(requestFraming([]), { kind: "length", bytes: 0 });
  deepEqual(requestFraming(["content-length", "12"]), { kind: "length", bytes: 12 });
  deepEqual(requestFraming(["transfer-encoding", "Chunked"]), { kind: "chunked" });
});

Deno.test("A length that is told twice, in two ways or in no number is refused: requests are smuggled by it", () => {
  const hostile: readonly FieldLines[] = [
    ["content-length", "1", "transfer-encoding", "chunked"],
    ["transfer-encoding", "chunked", "content-length", "1"],
    ["content-length", "1", "content-length", "1"],
    ["content-length", "1", "content-length", "2"],
    ["content-length", "1, 1"],
    ["content-length", "+1"],
    ["content-length", "-1"],
    ["content-length", "0x10"],
    ["content-length", "1 "],
    ["content-length", "1e3"],
    ["content-length", ""],
    ["content-length", "1000000000000000"],
    ["transfer-encoding", "chunked", "transfer-encoding", "chunked"],
    ["transfer-encoding", "gzip, chunked"],
    ["transfer-encoding", "chunked, identity"],
    ["transfer-encoding", "xchunked"],
    ["transfer-encoding", "\x0bchunked"],
    ["transfer-encoding", "identity"],
    ["transfer-encoding", ""],
  ];
  for (const fields of hostile) {
    throws(() => requestFraming(fields), MessageError, JSON.stringify(fields));
    throws(() => responseFraming("GET", 200, fields), MessageError, JSON.stringify(fields));
  }
});

Deno.test("A response to HEAD, a 204 and a 304 have no body, and one that tells no length goes on to the end", () => {
  const none = { kind: "length", bytes: 0 };
  deepEqual(responseFraming("HEAD", 200, ["content-length", "5"]), none);
  deepEqual(responseFraming("GET", 204, ["content-length", "5"]), none);
  deepEqual(responseFraming("GET", 304, ["transfer-encoding", "chunked"]), none);
  deepEqual(responseFraming("GET", 200, []), { kind: "until_close" });
});
