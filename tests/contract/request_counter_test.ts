import { equal } from "node:assert/strict";
import { MemoryRequestCounter } from "gateway/adapters";
import { requestCounterContract } from "./request_counter_contract.ts";

requestCounterContract("MemoryRequestCounter", () => new MemoryRequestCounter());

const at = new Date("2026-01-02T03:04:05.000Z");
const limits = [{ unit: "hour", requestsMax: 1 }] as const;

Deno.test("MemoryRequestCounter keeps no more keys than it may, and forgets the quietest first", () => {
  const counter = new MemoryRequestCounter({ keysMax: 3 });
  for (const key of ["a", "b", "c"]) counter.take(key, limits, at);
  // Asking again is not being quiet, though it is refused.
  equal(counter.take("a", limits, at).taken, false);
  counter.take("d", limits, at);
  equal(counter.take("a", limits, at).taken, false);
  equal(counter.take("c", limits, at).taken, false);
  equal(counter.take("b", limits, at).taken, true);
});
