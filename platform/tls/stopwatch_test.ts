import { equal } from "node:assert/strict";
import { Stopwatch } from "./stopwatch.ts";

/** A stopwatch and how often it has rung; `rung` resolves when it does. */
function aStopwatch(limitMs: number) {
  const ring = Promise.withResolvers<number>();
  const startedAtMs = performance.now();
  const watch = new Stopwatch(limitMs, () => ring.resolve(performance.now() - startedAtMs));
  return { watch, rung: ring.promise };
}

Deno.test("Stopwatch rings once its time is up", async () => {
  const { watch, rung } = aStopwatch(20);
  watch.start();
  equal(await rung >= 19, true);
  equal(watch.isRunning, false);
});

Deno.test("Stopwatch counts from the last start", async () => {
  const { watch, rung } = aStopwatch(60);
  watch.start();
  const other = aStopwatch(40);
  other.watch.start();
  await other.rung;
  watch.start();
  equal(await rung >= 98, true);
});

Deno.test("Stopwatch is silent when it was stopped or disposed of", async () => {
  let rings = 0;
  using stopped = new Stopwatch(10, () => rings++);
  const disposed = new Stopwatch(10, () => rings++);
  stopped.start();
  stopped.stop();
  disposed.start();
  disposed[Symbol.dispose]();
  disposed.start();
  const later = aStopwatch(40);
  later.watch.start();
  await later.rung;
  equal(rings, 0);
});
