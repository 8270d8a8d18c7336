import { deepEqual, equal } from "node:assert/strict";
import type { Limit, RequestCounter } from "gateway/ports";

const at = new Date("2026-02-28T23:59:59.900Z");
const later = (ms: number) => new Date(at.getTime() + ms);
const perSecond = (requestsMax: number): Limit[] => [{ unit: "second", requestsMax }];

/** What every RequestCounter must do. `open` gives an empty one; without it, the tests are ignored. */
export function requestCounterContract(
  adapter: string,
  open?: () => RequestCounter | Promise<RequestCounter>,
): void {
  function test(promise: string, check: (counter: RequestCounter) => Promise<void>): void {
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      fn: async () => await check(await open!()),
    });
  }

  test("takes as many requests as the limit allows, and not one more", async (counter) => {
    deepEqual(await counter.take("a", perSecond(2), at), { taken: true, counts: [1] });
    deepEqual(await counter.take("a", perSecond(2), at), { taken: true, counts: [2] });
    deepEqual(await counter.take("a", perSecond(2), at), { taken: false, counts: [2] });
  });

  test("counts each key alone", async (counter) => {
    await counter.take("a", perSecond(1), at);
    equal((await counter.take("b", perSecond(1), at)).taken, true);
    equal((await counter.take("a", perSecond(1), at)).taken, false);
  });

  test("starts anew with each window, which the calendar begins and not the first request", async (counter) => {
    await counter.take("a", perSecond(1), at);
    equal((await counter.take("a", perSecond(1), later(99))).taken, false);
    deepEqual(await counter.take("a", perSecond(1), later(100)), { taken: true, counts: [1] });
  });

  test("counts all windows of a request or none", async (counter) => {
    const limits: Limit[] = [{ unit: "second", requestsMax: 1 }, { unit: "hour", requestsMax: 5 }];
    await counter.take("a", limits, at);
    deepEqual(await counter.take("a", limits, at), { taken: false, counts: [1, 1] });
    deepEqual(await counter.take("a", limits, at), { taken: false, counts: [1, 1] });
  });

  test("ends months and years where the calendar does, in UTC", async (counter) => {
    const limits: Limit[] = [{ unit: "month", requestsMax: 9 }, { unit: "year", requestsMax: 9 }];
    await counter.take("a", limits, new Date("2026-02-01T00:00:00.000Z"));
    deepEqual((await counter.take("a", limits, at)).counts, [2, 2]);
    deepEqual((await counter.take("a", limits, later(100))).counts, [1, 3]);
    const newYear = new Date("2027-01-01T00:00:00.000Z");
    deepEqual((await counter.take("a", limits, newYear)).counts, [1, 1]);
  });

  test("loses no request when many arrive at once", async (counter) => {
    const takes = Array.from({ length: 100 }, () => counter.take("a", perSecond(60), at));
    const taken = (await Promise.all(takes)).filter(({ taken }) => taken);
    equal(taken.length, 60);
    deepEqual(taken.map(({ counts }) => counts[0]).toSorted((a, b) => a! - b!).at(-1), 60);
  });

  test("lets a clock that steps back open no new window", async (counter) => {
    await counter.take("a", perSecond(1), at);
    await counter.take("b", perSecond(1), later(100));
    equal((await counter.take("b", perSecond(1), at)).taken, false);
  });

  const sliding = (requestsMax: number): Limit[] => [
    { unit: "second", requestsMax, windowType: "sliding" },
  ];

  test("weighs the window before by the part of it that has not passed, rounded up", async (counter) => {
    for (let n = 1; n <= 10; n++) await counter.take("a", sliding(10), at);
    deepEqual(await counter.take("a", sliding(10), at), {
      taken: false,
      counts: [10],
      earlier: [0],
    });
    // 100 ms on begins the next second, of which the whole of the last one still counts.
    deepEqual(await counter.take("a", sliding(10), later(100)), {
      taken: false,
      counts: [10],
      earlier: [10],
    });
    equal((await counter.take("a", sliding(10), later(199))).taken, false);
    deepEqual(await counter.take("a", sliding(10), later(200)), {
      taken: true,
      counts: [10],
      earlier: [10],
    });
    equal((await counter.take("a", sliding(10), later(200))).taken, false);
    deepEqual(await counter.take("a", sliding(10), later(850)), {
      taken: true,
      counts: [5],
      earlier: [10],
    });
  });

  test("weighs nothing of a window that is not the one just before", async (counter) => {
    for (let n = 1; n <= 3; n++) await counter.take("a", sliding(3), at);
    deepEqual(await counter.take("a", sliding(3), later(1_100)), {
      taken: true,
      counts: [1],
      earlier: [0],
    });
  });

  test("lets fixed and sliding windows of one request pass or fail together", async (counter) => {
    const limits: Limit[] = [
      { unit: "second", requestsMax: 2, windowType: "sliding" },
      { unit: "hour", requestsMax: 3 },
    ];
    await counter.take("a", limits, at);
    await counter.take("a", limits, at);
    deepEqual((await counter.take("a", limits, later(50))).counts, [2, 2]);
    // The hour has passed as well, and counts from zero; the second has not quite.
    deepEqual((await counter.take("a", limits, later(100))).counts, [2, 0]);
    deepEqual((await counter.take("a", limits, later(600))).counts, [2, 1]);
  });

  test("lets a clock that steps back take no weight off a sliding window", async (counter) => {
    for (let n = 1; n <= 4; n++) await counter.take("a", sliding(8), at);
    await counter.take("a", sliding(8), later(100));
    deepEqual((await counter.take("a", sliding(8), at)).counts, [6]);
  });
}
