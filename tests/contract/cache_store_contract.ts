import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import type { CacheStore, Look } from "platform/cache";
import { eventually } from "../fixtures/eventually.ts";

const longMs = 60_000;

/** What every CacheStore must do. `open` gives one in which no test's keys are; without it, the tests are ignored. */
export function cacheStoreContract(adapter: string, open?: () => Promise<CacheStore>): void {
  function test(
    promise: string,
    check: (store: CacheStore, key: string) => Promise<void>,
  ): void {
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      fn: async () => await check(await open!(), `test:${crypto.randomUUID()}`),
    });
  }

  test("gives back what was filled in, whatever text it is", async (store, key) => {
    for (const [index, value] of ["", "plain", '{"€":"\u0000😀"}'].entries()) {
      const place = `${key}${index}`;
      equal(await store.fill(place, tokenOf(await store.look(place)), value, longMs), true);
      deepEqual(await store.look(place), { value });
    }
  });

  test("keeps each key alone", async (store, key) => {
    await store.fill(key, tokenOf(await store.look(key)), "one", longMs);
    ok("token" in await store.look(`${key}x`));
  });

  test("forgets what its time is up for", async (store, key) => {
    await store.fill(key, tokenOf(await store.look(key)), "short", 30);
    await eventually("it is forgotten", async () => "token" in await store.look(key), {
      everyMs: 5,
    });
  });

  test("takes nothing that was read before an invalidation", async (store, key) => {
    const before = tokenOf(await store.look(key));
    await store.invalidate([key]);
    equal(await store.fill(key, before, "stale", longMs), false);
    const after = tokenOf(await store.look(key));
    notEqual(after, before);
    equal(await store.fill(key, before, "stale", longMs), false);
    equal(await store.fill(key, after, "fresh", longMs), true);
    equal(await store.fill(key, before, "stale", longMs), false);
    deepEqual(await store.look(key), { value: "fresh" });
  });

  test("takes nothing without a token that it gave for the key", async (store, key) => {
    const other = tokenOf(await store.look(`${key}x`));
    for (const token of ["", other, crypto.randomUUID()]) {
      equal(await store.fill(key, token, "made up", longMs), false);
    }
    ok("token" in await store.look(key));
  });

  test("invalidates many keys at once, whether they are there or not", async (store, key) => {
    const keys = Array.from({ length: 20 }, (_, index) => `${key}${index}`);
    for (const each of keys.slice(0, 10)) {
      await store.fill(each, tokenOf(await store.look(each)), "value", longMs);
    }
    await store.invalidate(keys);
    await store.invalidate([]);
    for (const each of keys) ok("token" in await store.look(each));
  });
}

export function tokenOf(look: Look): string {
  if ("token" in look) return look.token;
  throw new Error("Something is there already");
}
