import { deepEqual, equal } from "node:assert/strict";
import { DeadlineQueue } from "./deadline_queue.ts";
import { FakeClock } from "./testing/fake_clock.ts";

function scene(limitMs: number) {
  const clock = new FakeClock();
  const rung: string[] = [];
  const queue = new DeadlineQueue(limitMs, clock);
  const begin = (name: string) => queue.begin(() => rung.push(name));
  return { clock, rung, queue, begin };
}

Deno.test("Deadlines come in the order in which they began, and those that were ended do not", async () => {
  const { clock, rung, queue, begin } = scene(20);
  begin("first");
  const ended = begin("ended");
  queue.end(ended);
  begin("second");
  await clock.advance(5);
  begin("last");
  await clock.advance(14);
  deepEqual(rung, []);
  await clock.advance(1);
  deepEqual(rung, ["first", "second"]);
  await clock.advance(4);
  deepEqual(rung, ["first", "second"]);
  await clock.advance(1);
  deepEqual(rung, ["first", "second", "last"]);
  equal(clock.timerCount, 0);
});

Deno.test("One timer serves all deadlines", async () => {
  const { clock, rung, begin } = scene(20);
  for (let wait = 0; wait < 100; wait++) {
    begin("late");
    equal(clock.timerCount, 1);
    await clock.advance(0.1);
  }
  // A look may be one millisecond late.
  await clock.advance(21);
  equal(rung.length, 100);
});

Deno.test("A queue whose waits have ended keeps no timer", () => {
  const { clock, queue, begin } = scene(60_000);
  const waits = [begin("one"), begin("other")];
  for (const wait of waits) queue.end(wait);
  equal(clock.timerCount, 0);
});
