import { deepEqual, equal, ok } from "node:assert/strict";
import { type Delivery, type EventReader, malformed } from "platform/events";
import { eventually } from "../fixtures/eventually.ts";
import { anEvent, type EventStream, read, someEvents, tester } from "./events_contract.ts";

/** What becomes of events that nobody handles. As {@linkcode eventsContract}. */
export function failedEventsContract(adapter: string, open?: () => Promise<EventStream>): void {
  const test = tester(adapter, open);

  test("gives an event that failed again after a pause that grows, and the others meanwhile", async (stream) => {
    await using publisher = stream.publisher();
    await using reader = stream.reader("test", { firstPauseMs: 200 });
    await publisher.publish(someEvents(1));
    let failedMs = await failNext(reader);
    for (const pauseMs of [200, 400]) {
      const other = anEvent(`meanwhile ${pauseMs}`);
      await publisher.publish([other]);
      const [delivery] = await eventually("others go on", () => ifAny(reader.read(10)), quick);
      if (delivery!.event.id === other.id) await reader.handled(delivery!);
      else throw new Error("The one that failed came before its pause was over");
      const [again] = await eventually("it is given again", () => ifAny(reader.read(10)), quick);
      equal(again!.event.id, "e0");
      // Stores count whole milliseconds.
      ok(performance.now() - failedMs >= pauseMs - 1, `${performance.now() - failedMs} ms`);
      failedMs = performance.now();
      equal(await reader.failed(again!, "Failed again"), false);
    }
  });

  test("sets an event aside that failed often enough and for long enough, and gives it again when told", async (stream) => {
    const rules = { firstPauseMs: 1, longestPauseMs: 5, attemptsMax: 3, triedForMs: 60 };
    await using publisher = stream.publisher();
    await using reader = stream.reader("test", rules);
    await using elsewhere = stream.reader("elsewhere");
    const [event] = someEvents(1);
    await publisher.publish([event!]);
    const startedMs = performance.now();
    let failures = 0;
    for (let isDead = false; !isDead; failures++) {
      const [delivery] = await eventually("it is given", () => ifAny(reader.read(1)), quick);
      isDead = await reader.failed(delivery!, "SomeError");
    }
    ok(failures > rules.attemptsMax && performance.now() - startedMs >= rules.triedForMs);
    deepEqual(await reader.read(10), []);
    const [letter, ...more] = await reader.list(10);
    deepEqual(more, []);
    deepEqual(JSON.parse(letter!.text), event);
    equal(letter!.reason, "SomeError");
    equal(letter!.attempts, failures);
    ok(Math.abs(letter!.at.getTime() - Date.now()) < 60_000);
    deepEqual(await elsewhere.list(10), [], "another group has not failed");
    equal((await elsewhere.read(10)).length, 1);

    equal(await reader.replay("0-99"), false);
    equal(await reader.replay(letter!.id), true);
    equal(await reader.replay(letter!.id), false);
    deepEqual(await reader.list(10), []);
    deepEqual(await elsewhere.read(10), [], "it is given to its own group only");
    const [again] = await reader.read(10);
    deepEqual(again?.event, event);
    await reader.handled(again!);
    deepEqual(await reader.read(10), []);
  });

  test("gives what a silent reader took to another, after a while, and once", async (stream) => {
    await using publisher = stream.publisher();
    await using silent = stream.reader("test", { abandonedAfterMs: 600 });
    await using other = stream.reader("test", { abandonedAfterMs: 600 });
    await publisher.publish(someEvents(2));
    const tookMs = performance.now();
    const [first] = await silent.read(2);
    await silent.handled(first!);
    deepEqual(await other.read(10), []);
    const [given] = await eventually("it is given", () => ifAny(other.read(10)), quick);
    ok(performance.now() - tookMs >= 595);
    equal(given!.event.id, "e1");
    await other.handled(given!);
    // The silent one comes back too late.
    await silent.handled(given!);
    equal(await silent.failed(given!, "Too late"), false);
    deepEqual([...await silent.read(10), ...await other.read(10)], []);
  });

  test("sets what is no event aside at once, and goes on", async (stream) => {
    await using publisher = stream.publisher();
    await using reader = stream.reader();
    const [before, after] = someEvents(2);
    await publisher.publish([before!]);
    for (const text of ["no JSON", '{"specversion":"1.0"}', ""]) await stream.writeRaw(text);
    await publisher.publish([after!]);
    deepEqual(await read(reader), [before, after]);
    const letters = await reader.list(10);
    deepEqual(letters.map(({ text }) => text), ["no JSON", '{"specversion":"1.0"}', ""]);
    ok(letters.every(({ reason, attempts }) => reason === malformed && attempts === 0));
  });
}

const quick = { timeoutMs: 5_000, everyMs: 2 };

async function ifAny(reading: Promise<readonly Delivery[]>): Promise<readonly Delivery[] | false> {
  const deliveries = await reading;
  return deliveries.length > 0 && deliveries;
}

/** @returns when it failed, at the earliest. */
async function failNext(reader: EventReader): Promise<number> {
  const [delivery] = await reader.read(1);
  const failedMs = performance.now();
  await reader.failed(delivery!, "Failed");
  return failedMs;
}
