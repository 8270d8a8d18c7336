import { equal, throws } from "node:assert/strict";
import { HeadBuffer, latin1, messageLimits, wireBytes } from "./mod.ts";

const limits = { ...messageLimits, startLineBytesMax: 10, headBytesMax: 40 };

function feed(text: string, size = text.length) {
  const heads = new HeadBuffer(limits);
  for (let at = 0; at < text.length; at += size) {
    const found = heads.feed(wireBytes(text.slice(at, at + size)));
    if (found) return { head: found.head, rest: latin1(found.rest) };
  }
  return undefined;
}

Deno.test("A head is whole at its empty line, however it arrives", () => {
  for (const size of [1, 3, 100]) {
    equal(feed("GET /\r\na: 1\r\n\r\n", size)?.head, "GET /\r\na: 1\r\n");
  }
  equal(feed("GET /\r\n\r\nbody")?.rest, "body");
  equal(feed("GET /\r\na: 1\r\n"), undefined);
});

Deno.test("A head that is too large is refused before it is whole", () => {
  const line = `${"x".repeat(10)}\r\n`;
  equal(feed(`${line}\r\n`)?.head, line);
  for (const size of [1, 100]) {
    throws(() => feed("x".repeat(11), size), { fault: "startLineTooLong" });
    throws(() => feed(`x${line}\r\n`, size), { fault: "startLineTooLong" });
    throws(() => feed(`x\r\na: ${"1".repeat(40)}`, size), { fault: "fieldsTooLarge" });
    throws(() => feed(`x\r\na: ${"1".repeat(40)}\r\n\r\n`, size), { fault: "fieldsTooLarge" });
  }
});

Deno.test("A head whose lines end without CR is refused, not waited for", () => {
  for (const text of ["GET /\na", "x\r\na: 1\n", "\n"]) {
    throws(() => feed(text), { fault: "malformed" });
  }
});

Deno.test("Empty lines before a head are passed over, as many as are allowed", () => {
  const found = (text: string, emptyLinesMax: number) => {
    const heads = new HeadBuffer(limits, emptyLinesMax);
    let head: string | undefined;
    for (const byte of text) head ??= heads.feed(wireBytes(byte))?.head;
    return head;
  };
  equal(found("\r\n\r\nGET /\r\n\r\n", 2), "GET /\r\n");
  equal(found("\r\n\r\nGET /\r\n\r\n", 0), "\r\n");
});
