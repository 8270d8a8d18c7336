import { deepEqual, equal, rejects } from "node:assert/strict";
import { StoreUnavailableError } from "platform/store";
import { Turns } from "./turns.ts";

const { signal } = new AbortController();

Deno.test("Turns are taken one at a time for a key, in order, whatever came of the one before", async () => {
  const turns = new Turns();
  const done: string[] = [];
  const first = Promise.withResolvers<void>();
  const taking = [
    turns.take("a", signal, async () => {
      await first.promise;
      done.push("first");
      throw new Error("refused");
    }),
    turns.take("a", signal, () => Promise.resolve(done.push("second"))),
  ];
  await turns.take("b", signal, () => Promise.resolve(done.push("another key")));
  first.resolve();
  const [one, other] = await Promise.allSettled(taking);
  deepEqual([one?.status, other?.status], ["rejected", "fulfilled"]);
  deepEqual(done, ["another key", "first", "second"]);
});

Deno.test("A turn that comes too late is not taken, and the next one is", async () => {
  const turns = new Turns();
  const giving = new AbortController();
  const first = Promise.withResolvers<void>();
  const held = turns.take("a", signal, () => first.promise);
  const late = turns.take("a", giving.signal, () => Promise.reject(new Error("taken")));
  giving.abort();
  first.resolve();
  await rejects(late, StoreUnavailableError);
  await held;
  equal(await turns.take("a", signal, () => Promise.resolve("taken")), "taken");
});
