import { equal } from "node:assert/strict";
import { toPage } from "platform/http";
import { routes } from "./routes.ts";

const at = "2026-01-02T12:00:00.000Z";

/** A cursor as a list gives it out whose page ended at `id`. */
function cursorAt(id: string): string {
  return toPage([id, "more"], 1, (last) => ({ at, id: last })).nextCursor!;
}

Deno.test("An order's history goes on by its own cursors, and by those of no other list", () => {
  const { query } = routes.readOrderEvents;
  equal(query.safeParse({ cursor: cursorAt("12") }).success, true);
  equal(query.safeParse({}).success, true);
  for (const id of [crypto.randomUUID(), "-1", "1.5", "1e3", "0x10", "9".repeat(16)]) {
    equal(query.safeParse({ cursor: cursorAt(id) }).success, false, id);
  }
});
