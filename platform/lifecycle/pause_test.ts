import { equal, ok } from "node:assert/strict";
import { pause } from "./pause.ts";

const hourMs = 3_600_000;

// The test runner fails a test that leaves a timer behind.
Deno.test("A pause ends at once when it is called off, before it began or after", async () => {
  const startedMs = performance.now();
  await pause(hourMs, AbortSignal.abort());
  const stopping = new AbortController();
  const pausing = pause(hourMs, stopping.signal);
  stopping.abort();
  await pausing;
  ok(performance.now() - startedMs < hourMs);
});

Deno.test("A pause takes its time when nobody calls it off", async () => {
  let isOver = false;
  const pausing = pause(1, new AbortController().signal).then(() => isOver = true);
  await Promise.resolve();
  equal(isOver, false);
  await pausing;
});

Deno.test("A pause of less than no time ends", async () => {
  await pause(-1, new AbortController().signal);
});
