import { deepEqual, equal } from "node:assert/strict";
import type { CatalogEntry } from "./consul_api.ts";
import { nextIndex, originsToCall } from "./consul_watch.ts";

const [a, b] = ["https://a:1", "https://b:1"] as const;

function entries(statuses: Readonly<Record<string, CatalogEntry["status"]>>): CatalogEntry[] {
  return Object.entries(statuses).map(([origin, status]) => ({ origin, status }));
}

Deno.test("instances that pass are called, and others only when none passes", () => {
  deepEqual(originsToCall(entries({ [a]: "passing", [b]: "warning" }), []), [a]);
  deepEqual(originsToCall(entries({ [a]: "critical", [b]: "warning" }), [a]), [b]);
});

Deno.test("when all have become critical, those are called that were called before and have not left", () => {
  const critical = entries({ [a]: "critical", [b]: "critical" });
  deepEqual(originsToCall(critical, [b]), [b]);
  deepEqual(originsToCall(critical, [a, b]), [a, b]);
  deepEqual(originsToCall(entries({ [a]: "critical" }), [a, b]), [a]);
});

Deno.test("when all have left and new ones have come, those are called, though they are not checked yet", () => {
  deepEqual(originsToCall(entries({ [b]: "critical" }), [a]), [b]);
  deepEqual(originsToCall(entries({ [b]: "critical" }), []), [b]);
});

Deno.test("when Consul knows none, the same are called as before", () => {
  deepEqual(originsToCall([], [a, b]), [a, b]);
  deepEqual(originsToCall([], []), []);
});

Deno.test("an instance that is registered twice is one", () => {
  const twice = [...entries({ [a]: "passing" }), ...entries({ [a]: "passing" })];
  deepEqual(originsToCall(twice, []), [a]);
});

Deno.test("an index that goes backwards or is 0 begins anew, without asking over and over", () => {
  equal(nextIndex(7, 9), 9);
  equal(nextIndex(9, 9), 9);
  equal(nextIndex(9, 7), 0);
  equal(nextIndex(9, 0), 0);
  equal(nextIndex(0, 0), 1);
});
