import { deepEqual, equal } from "node:assert/strict";
import type { Resealable } from "platform/crypto";
import type { TestKeyRing } from "platform/crypto/testing";

/** A store with sealed records, and what a test does with them. */
export interface SealedRecords extends AsyncDisposable {
  readonly ring: TestKeyRing;
  readonly store: Resealable;
  /** Writes a new record. @returns its id. */
  add(): Promise<string>;
  change(id: string): Promise<void>;
  /** How often the record was changed, by what is written in it. */
  changes(id: string): Promise<number>;
  /** The record as it reads, its sensitive fields opened. */
  read(id: string): Promise<unknown>;
}

/** What every store with sealed records must do. `open` gives an empty one; without it, the tests are ignored. */
export function resealingContract(adapter: string, open?: () => Promise<SealedRecords>): void {
  function test(promise: string, check: (records: SealedRecords) => Promise<void>): void {
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      async fn() {
        await using records = await open!();
        await check(records);
      },
    });
  }

  test("seals old records anew, so many at a time, until none is left", async (records) => {
    const { ring, store, add, read } = records;
    const ids = await times(7, add);
    equal(await store.reseal(10), 0);
    const before = await Promise.all(ids.map(read));
    ring.hold("k2", "k1");
    deepEqual([await store.reseal(3), await store.reseal(3), await store.reseal(3)], [3, 3, 1]);
    equal(await store.reseal(3), 0);
    ring.hold("k2");
    deepEqual(await Promise.all(ids.map(read)), before);
  });

  test("needs no former key for what was written under the current one", async (records) => {
    const { ring, add, change, changes, read } = records;
    const old = await add();
    ring.hold("k2", "k1");
    const fresh = await add();
    await change(old);
    ring.hold("k2");
    equal(await changes(old), 1);
    await read(fresh);
  });

  test("goes back to a key that was current before", async ({ ring, store, add, read }) => {
    const id = await add();
    ring.hold("k2", "k1");
    await store.reseal(10);
    ring.hold("k1", "k2");
    equal(await store.reseal(10), 1);
    ring.hold("k1");
    await read(id);
  });

  test("loses no change that is made while it seals anew", async (records) => {
    const { ring, store, add, change, changes } = records;
    const ids = await times(20, add);
    ring.hold("k2", "k1");
    const changing = ids.map(async (id) => {
      for (let time = 0; time < 5; time++) await change(id);
    });
    const resealing = (async () => {
      while (await store.reseal(3) > 0);
    })();
    await Promise.all([...changing, resealing]);
    while (await store.reseal(3) > 0);
    ring.hold("k2");
    deepEqual(await Promise.all(ids.map(changes)), ids.map(() => 5));
  });
}

async function times<T>(count: number, act: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let at = 0; at < count; at++) results.push(await act());
  return results;
}
