import { deepEqual, equal } from "node:assert/strict";
import type { AnswerCache, KeptAnswer } from "gateway/ports";
import { eventually } from "../fixtures/eventually.ts";

const longMs = 60_000;

export function anAnswer(text: string, more: Partial<KeptAnswer> = {}): KeptAnswer {
  const body = new TextEncoder().encode(text);
  return { status: 200, headers: [], body, atMs: 0, freshMs: longMs, variant: [], ...more };
}

/** What every AnswerCache must do. `open` gives one in which no test's keys are; without it, the tests are ignored. */
export function answerCacheContract(
  adapter: string,
  open?: () => AnswerCache | Promise<AnswerCache>,
): void {
  function test(
    promise: string,
    check: (cache: AnswerCache, key: string) => Promise<void>,
  ): void {
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      fn: async () => await check(await open!(), crypto.randomUUID()),
    });
  }

  test("has nothing that was not kept", async (cache, key) => {
    equal(await cache.look(key), undefined);
  });

  test("gives back every part of an answer as it was kept", async (cache, key) => {
    const answer: KeptAnswer = {
      status: 301,
      headers: [["link", "<a>"], ["link", "<b>"], ["x-odd", "é\tü"]],
      body: Uint8Array.from({ length: 256 }, (_, octet) => octet),
      atMs: 1_767_323_045_250,
      freshMs: 0.5,
      variant: [["accept", "hash"]],
    };
    await cache.keep(key, answer, longMs);
    deepEqual(await cache.look(key), answer);
    deepEqual(await cache.look(key), answer, "looking uses nothing up");
  });

  test("keeps an answer without a body or headers", async (cache, key) => {
    await cache.keep(key, anAnswer(""), longMs);
    deepEqual(await cache.look(key), anAnswer(""));
  });

  test("keeps each key alone, and of one key the last answer", async (cache, key) => {
    await cache.keep(key, anAnswer("one"), longMs);
    equal(await cache.look(`${key}x`), undefined);
    await cache.keep(key, anAnswer("other"), longMs);
    deepEqual(await cache.look(key), anAnswer("other"));
  });

  test("forgets what its time is up for", async (cache, key) => {
    await cache.keep(key, anAnswer("short"), 30);
    await eventually("it is forgotten", async () => await cache.look(key) === undefined, {
      everyMs: 5,
    });
  });
}
