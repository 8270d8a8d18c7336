import { deepEqual, equal, ok } from "node:assert/strict";
import { createLogger, silentLogger } from "platform/telemetry";
import { type Periodic, periodically } from "./periodic.ts";

/** Work that fails as often as it is told to, what it says, and a promise of its `rounds`th round. */
function failing(failures: number, { rounds, repeatMs }: { rounds: number; repeatMs?: number }) {
  const said: Record<string, unknown>[] = [];
  const log = createLogger({ service: "test", write: (line) => said.push(JSON.parse(line)) });
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let round = 0;
  const options = { name: "work", everyMs: 60_000, log, repeatMs: repeatMs ?? 60_000 };
  const work: Periodic = periodically(options, () => {
    round++;
    if (round === rounds) resolve();
    else queueMicrotask(() => work.wake());
    return round <= failures ? Promise.reject(new Error(`round ${round}`)) : Promise.resolve();
  });
  return { said, done, work };
}

Deno.test("periodically() tells of the first of many failures, and when they are over", async () => {
  const { said, done, work } = failing(5, { rounds: 7 });
  await done;
  await work[Symbol.asyncDispose]();
  deepEqual(
    said.map((entry) => [entry["message"], entry["task.failures"]]),
    [["Background work failed", 1], ["Background work goes on", 5]],
  );
});

Deno.test("periodically() says again that it fails when that goes on for long", async () => {
  const { said, done, work } = failing(4, { rounds: 6, repeatMs: 0 });
  await done;
  await work[Symbol.asyncDispose]();
  deepEqual(said.map((entry) => entry["task.failures"]), [1, 2, 3, 4, 4]);
});

Deno.test("periodically() makes nothing of a single failure but one line", async () => {
  const { said, done, work } = failing(1, { rounds: 3 });
  await done;
  await work[Symbol.asyncDispose]();
  equal(said.length, 1);
});

/** Work that never comes round by itself, and a promise of its `rounds`th round. */
function seldom(rounds: number) {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let round = 0;
  const options = { name: "work", everyMs: 3_600_000, log: silentLogger };
  const work = periodically(options, () => {
    if (++round === rounds) resolve();
    return Promise.resolve();
  });
  return { work, done, count: () => round };
}

Deno.test("periodically() has a round for each time that it is woken for, however far apart", async () => {
  const { work, done } = seldom(4);
  await using _ = work;
  for (const afterMs of [300, 150, 1]) work.wake(afterMs);
  await done;
});

Deno.test("periodically() has one round for all the times that are almost the same", async () => {
  const { work, done, count } = seldom(2);
  await using _ = work;
  for (let times = 0; times < 1_000; times++) work.wake(1);
  await done;
  work.wake();
  await new Promise((resolve) => setTimeout(resolve, 0));
  ok(count() <= 4, `${count()} rounds`);
});

Deno.test("periodically() begins no round once it is disposed of, though it was woken for one", async () => {
  const { work, count } = seldom(1);
  work.wake(1);
  await work[Symbol.asyncDispose]();
  equal(count(), 1);
});
