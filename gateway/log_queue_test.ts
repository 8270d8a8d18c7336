import { deepEqual, equal } from "node:assert/strict";
import { LogQueue, type LogQueueLimits } from "./log_queue.ts";

const limits: LogQueueLimits = {
  entriesMax: 100,
  lengthMax: 1_000,
  batchMax: 10,
  delayMs: 0,
  retryMsMax: 10_000,
  firstRetryDelayMs: 1,
  retryDelayMsMax: 2,
  drainMs: 5_000,
};

interface Scene {
  readonly limits?: Partial<LogQueueLimits>;
  readonly deliver?: (entries: readonly string[]) => Promise<void>;
}

function scene({ limits: other = {}, deliver = () => Promise.resolve() }: Scene = {}) {
  const batches: string[][] = [];
  const seen = { dropped: 0 };
  const queue = new LogQueue({
    limits: { ...limits, ...other },
    async deliver(entries) {
      await deliver(entries);
      batches.push([...entries]);
    },
    onDropped: (count) => void (seen.dropped += count),
  });
  return { queue, batches, seen };
}

Deno.test("a log queue delivers what was written, in order and in batches, before it is closed", async () => {
  const { queue, batches, seen } = scene({ limits: { batchMax: 2, delayMs: 60_000 } });
  for (const entry of ["a", "b", "c"]) queue.write(entry);
  await queue[Symbol.asyncDispose]();
  deepEqual(batches, [["a", "b"], ["c"]]);
  equal(seen.dropped, 0);
  queue.write("too late");
  equal(seen.dropped, 1);
});

Deno.test("a log queue waits for a batch to fill, and not once it is full", async () => {
  const full = Promise.withResolvers<void>();
  const { queue, batches } = scene({
    limits: { batchMax: 2, delayMs: 60_000 },
    deliver: () => Promise.resolve(full.resolve()),
  });
  queue.write("a");
  equal(batches.length, 0);
  queue.write("b");
  await full.promise;
  await queue[Symbol.asyncDispose]();
  deepEqual(batches, [["a", "b"]]);
});

Deno.test("a log queue holds so many entries, and so much of them, and drops the rest", async () => {
  const stuck = Promise.withResolvers<void>();
  const few = scene({ limits: { entriesMax: 3, batchMax: 1 }, deliver: () => stuck.promise });
  for (const entry of ["a", "b", "c", "d", "e"]) few.queue.write(entry);
  equal(few.seen.dropped, 2);
  const short = scene({ limits: { lengthMax: 5 }, deliver: () => stuck.promise });
  for (const entry of ["abc", "de", "f"]) short.queue.write(entry);
  equal(short.seen.dropped, 1);
  stuck.resolve();
  for (const { queue } of [few, short]) await queue[Symbol.asyncDispose]();
  deepEqual([few.batches.flat(), short.batches.flat()], [["a", "b", "c"], ["abc", "de"]]);
});

Deno.test("a log queue tries again until the batch arrives, however much is written meanwhile", async () => {
  let tries = 0;
  const arrived = Promise.withResolvers<void>();
  const { queue, batches, seen } = scene({
    deliver() {
      tries += 1;
      if (tries < 4) return Promise.reject(new Error("away"));
      arrived.resolve();
      return Promise.resolve();
    },
  });
  queue.write("a");
  await arrived.promise;
  await queue[Symbol.asyncDispose]();
  deepEqual([batches, seen.dropped, tries], [[["a"]], 0, 4]);
});

Deno.test("a log queue drops a batch that it has tried to deliver for long enough", async () => {
  const lost = Promise.withResolvers<void>();
  const queue = new LogQueue({
    limits: { ...limits, retryMsMax: 5 },
    deliver: () => Promise.reject(new Error("away")),
    onDropped: () => lost.resolve(),
  });
  queue.write("a");
  await lost.promise;
  await queue[Symbol.asyncDispose]();
});

Deno.test("a log queue that is closed tries once more, not again and again", async () => {
  let tries = 0;
  const { queue, seen } = scene({
    limits: { batchMax: 1, retryMsMax: 200 },
    deliver() {
      tries += 1;
      return Promise.reject(new Error("away"));
    },
  });
  queue.write("a");
  await queue[Symbol.asyncDispose]();
  deepEqual([tries, seen.dropped], [1, 1]);
});

Deno.test("a log queue closes in its time, whoever does not answer", async () => {
  const never = Promise.withResolvers<void>();
  const { queue, seen } = scene({
    limits: { batchMax: 1, drainMs: 20 },
    deliver: () => never.promise,
  });
  for (const entry of ["a", "b"]) queue.write(entry);
  await queue[Symbol.asyncDispose]();
  equal(seen.dropped, 2);
  never.resolve();
});
