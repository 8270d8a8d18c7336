import { deepEqual } from "node:assert/strict";
import { DeadlineQueue } from "./deadline_queue.ts";

Deno.test("Deadlines come in the order in which they began, and those that were ended do not", async () => {
  const queue = new DeadlineQueue(20);
  const rung: string[] = [];
  const last = Promise.withResolvers<void>();
  queue.begin(() => rung.push("first"));
  const ended = queue.begin(() => rung.push("ended"));
  queue.end(ended);
  queue.begin(() => rung.push("second"));
  await new Promise((resolve) => setTimeout(resolve, 5));
  queue.begin(() => {
    rung.push("last");
    last.resolve();
  });
  await last.promise;
  deepEqual(rung, ["first", "second", "last"]);
});

Deno.test("A queue whose waits have ended keeps no timer", () => {
  const queue = new DeadlineQueue(60_000);
  queue.end(queue.begin(() => {}));
});
