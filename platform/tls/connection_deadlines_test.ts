import { deepEqual, equal } from "node:assert/strict";
import { ConnectionDeadlines, type CutReason, type Delivery } from "./connection_deadlines.ts";
import { defaultServerLimits } from "./server_limits.ts";

const moved: Delivery = { isPending: false, hasMoved: true };
const stalled: Delivery = { isPending: true, hasMoved: false };
const quiet: Delivery = { isPending: false, hasMoved: false };

Deno.test("A connection that shall close waits for its answer to reach the client, and for one more quiet while", async () => {
  const seen = [moved, quiet, quiet, stalled, stalled, quiet, quiet, quiet];
  const cut = Promise.withResolvers<CutReason>();
  using deadlines = new ConnectionDeadlines({
    limits: { ...defaultServerLimits, drainMs: 10_000 },
    isSerial: true,
    expiresInMs: Infinity,
    delivery: () => seen.shift() ?? quiet,
    cut: cut.resolve,
  });
  deadlines.requestBegan();
  deadlines.closeWhenIdle();
  deadlines.requestEnded();
  equal(await cut.promise, "idle");
  deepEqual(seen, []);
});
