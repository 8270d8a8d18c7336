import { deepEqual, rejects } from "node:assert/strict";
import { StoreUnavailableError } from "platform/store";
import { Slots } from "./slots.ts";

const always = new AbortController().signal;

Deno.test("A slot is one caller's at a time, and passes to who has waited longest", async () => {
  const slots = new Slots(2);
  const held = [await slots.take(always), await slots.take(always)];
  const served: string[] = [];
  const waiting = ["first", "second"].map((name) =>
    slots.take(always).then((slot) => {
      served.push(name);
      return slot;
    })
  );
  await Promise.resolve();
  deepEqual(served, []);
  held[0]![Symbol.dispose]();
  const first = await waiting[0]!;
  deepEqual(served, ["first"]);
  first[Symbol.dispose]();
  await waiting[1];
  deepEqual(served, ["first", "second"]);
});

Deno.test("Who has given up waiting for a slot does not keep others from it", async () => {
  const slots = new Slots(1);
  const held = await slots.take(always);
  const late = new AbortController();
  const waiting = slots.take(late.signal);
  const patient = slots.take(always);
  late.abort(new RangeError("late"));
  await rejects(waiting, RangeError);
  await rejects(slots.take(late.signal), RangeError);
  held[Symbol.dispose]();
  (await patient)[Symbol.dispose]();
  (await slots.take(always))[Symbol.dispose]();
});

Deno.test("No more than a thousand wait for a slot", async () => {
  const slots = new Slots(1);
  await slots.take(always);
  const late = new AbortController();
  const waiting = Array.from({ length: 1_000 }, () => slots.take(late.signal));
  await rejects(slots.take(always), StoreUnavailableError);
  late.abort(new RangeError("late"));
  await Promise.all(waiting.map((turn) => rejects(turn, RangeError)));
});
