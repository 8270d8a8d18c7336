import { deepEqual, equal, ok } from "node:assert/strict";
import { z } from "zod";
import { pageOf, PageQuery, pageSizeMax, type Position, toPage } from "./page.ts";

const at = "2026-01-02T12:00:00.000Z";
const items = Array.from({ length: 5 }, (_, index) => ({ at, id: `i${index}` }));
const positionOf = (item: Position) => item;

function cursorOf(text: string): string {
  return new TextEncoder().encode(text).toBase64({ alphabet: "base64url", omitPadding: true });
}

Deno.test("A page has no more than its limit, and a cursor when there is more", () => {
  const page = toPage(items.slice(0, 3), 2, positionOf);
  deepEqual(page.items, items.slice(0, 2));
  equal(typeof page.nextCursor, "string");
});

Deno.test("A last page has no cursor, whether it is full, part full or empty", () => {
  for (const count of [2, 1, 0]) {
    equal(toPage(items.slice(0, count), 2, positionOf).nextCursor, null);
  }
});

Deno.test("A cursor leads back to the position of the last item of its page", () => {
  for (const id of ["i1", "😀 / + =", "x".repeat(255)]) {
    const { nextCursor } = toPage([{ at, id }, { at, id: "next" }], 1, positionOf);
    deepEqual(PageQuery.parse({ cursor: nextCursor }).cursor, { at, id });
  }
});

Deno.test("A cursor goes into a URL as it is", () => {
  const { nextCursor } = toPage([{ at, id: "???>>>" }, { at, id: "next" }], 1, positionOf);
  equal(encodeURIComponent(nextCursor!), nextCursor);
});

Deno.test("A page query has a limit, also when it names none", () => {
  deepEqual(PageQuery.parse({}), { limit: 20 });
  equal(PageQuery.parse({ limit: "1" }).limit, 1);
  equal(PageQuery.parse({ limit: String(pageSizeMax) }).limit, pageSizeMax);
  for (const limit of ["0", "-1", String(pageSizeMax + 1), "1.5", "ten", "1e9", "Infinity", ""]) {
    ok(!PageQuery.safeParse({ limit }).success, `"${limit}" is no limit`);
  }
});

Deno.test("A page query takes no cursor but one that a list has given out", () => {
  const forged = [
    "",
    "%%%",
    "garbage",
    cursorOf("{}"),
    cursorOf("null"),
    cursorOf("[]"),
    cursorOf("not JSON"),
    cursorOf(JSON.stringify({ at })),
    cursorOf(JSON.stringify({ at: "yesterday", id: "i1" })),
    cursorOf(JSON.stringify({ at, id: "" })),
    cursorOf(JSON.stringify({ at, id: 1 })),
    cursorOf(JSON.stringify({ at, id: "x".repeat(256) })),
    cursorOf(JSON.stringify({ at, id: "i1", owner: "eve" })),
    new Uint8Array([0xff, 0xfe]).toBase64({ alphabet: "base64url" }),
    cursorOf(JSON.stringify({ at, id: "i1" }) + " ".repeat(500)),
  ];
  for (const cursor of forged) {
    ok(!PageQuery.safeParse({ cursor }).success, `"${cursor}" is no cursor`);
  }
});

Deno.test("A page query knows no other parameter", () => {
  ok(!PageQuery.safeParse({ offset: "1" }).success);
});

Deno.test("A page's reply drops what its items do not name", () => {
  const Reply = pageOf(z.object({ id: z.string() }));
  const given = { items: [{ id: "i1", secret: "s" }], nextCursor: null };
  deepEqual(Reply.parse(given), { items: [{ id: "i1" }], nextCursor: null });
});
