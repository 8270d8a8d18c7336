import { deepEqual, equal, ok } from "node:assert/strict";
import { silentLogger } from "platform/telemetry";
import { TestKeyRing } from "platform/crypto/testing";
import { callMsMax } from "platform/postgres";
import {
  cleanRoundsMin,
  type KeyStatus,
  type Resealable,
  Resealer,
  resealEveryMs,
} from "./resealer.ts";

/** Tells of each look that the resealer takes; there is always another. */
class Looks {
  #next = Promise.withResolvers<void>();

  next(): Promise<void> {
    return this.#next.promise;
  }

  taken(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }
}

/** A store of records that are nothing but the id of their key. */
class KeyIds implements Resealable {
  readonly #ring: TestKeyRing;
  readonly records: string[];
  readonly limits: number[] = [];
  fault: Error | undefined;
  readonly looks = new Looks();

  constructor(ring: TestKeyRing, count: number) {
    this.#ring = ring;
    this.records = Array.from({ length: count }, () => "k1");
  }

  // deno-lint-ignore require-await -- a store's faults come as rejections.
  async reseal(limit: number): Promise<number> {
    this.limits.push(limit);
    this.looks.taken();
    if (this.fault) throw this.fault;
    const { currentKeyId } = this.#ring;
    const old = [...this.records.keys()].filter((at) => this.records[at] !== currentKeyId);
    for (const at of old.slice(0, limit)) this.records[at] = currentKeyId;
    return Math.min(old.length, limit);
  }
}

/** Resolves when the status is as it must be; the test runner ends a test for which it never is. */
async function reaches(
  resealer: Resealer,
  looks: Looks,
  isThere: (status: KeyStatus) => boolean,
): Promise<KeyStatus> {
  while (!isThere(resealer.status)) await looks.next();
  return resealer.status;
}

const isClean = ({ cleanRounds }: KeyStatus) => cleanRounds > 1;

Deno.test("Resealer seals everything anew in small batches once the key has changed", async () => {
  const ring = new TestKeyRing();
  const stores = [new KeyIds(ring, 120), new KeyIds(ring, 3)] as const;
  const { looks } = stores[0];
  await using resealer = new Resealer({ ring, stores, log: silentLogger, everyMs: 1 });
  await reaches(resealer, looks, isClean);
  equal(resealer.status.resealed, 0);

  ring.hold("k2", "k1");
  const { currentKeyId } = await reaches(
    resealer,
    looks,
    (status) => status.currentKeyId === "k2" && isClean(status),
  );
  deepEqual(resealer.status, {
    currentKeyId: "k2",
    keyIds: ["k2", "k1"],
    resealed: 123,
    cleanRounds: resealer.status.cleanRounds,
    fault: null,
  });
  equal(currentKeyId, "k2");
  ok(stores.every(({ records }) => records.every((keyId) => keyId === "k2")));
  ok(stores.every(({ limits }) => limits.every((limit) => limit <= 50)));
});

Deno.test("Resealer is clean of a key only after it has looked under that key", async () => {
  const ring = new TestKeyRing();
  const stores = [new KeyIds(ring, 0)] as const;
  const { looks } = stores[0];
  await using resealer = new Resealer({ ring, stores, log: silentLogger, everyMs: 1 });
  await reaches(resealer, looks, isClean);
  ring.hold("k2", "k1");
  equal(resealer.status.cleanRounds, 0);
});

Deno.test("Resealer is not clean as long as each look finds something", async () => {
  const ring = new TestKeyRing();
  const looks = new Looks();
  let count = 0;
  // Somebody writes under another key again and again: each round seals one record, and then none.
  const store: Resealable = {
    reseal() {
      looks.taken();
      return Promise.resolve(++count % 2);
    },
  };
  await using resealer = new Resealer({ ring, stores: [store], log: silentLogger, everyMs: 1 });
  await reaches(resealer, looks, ({ resealed }) => resealed > 5);
  equal(resealer.status.cleanRounds, 0);
});

Deno.test("Resealer tells a fault once, is not clean while it lasts, and goes on after it", async () => {
  const ring = new TestKeyRing();
  const store = new KeyIds(ring, 1);
  const failures: string[] = [];
  const log = { ...silentLogger, failure: (message: string) => void failures.push(message) };
  await using resealer = new Resealer({ ring, stores: [store], log, everyMs: 1 });
  store.fault = new Error("Cannot open field");
  ring.hold("k2", "k1");
  await reaches(resealer, store.looks, ({ fault }) => fault === "Cannot open field");
  const asked = store.limits.length;
  while (store.limits.length < asked + 3) await store.looks.next();
  equal(resealer.status.cleanRounds, 0);
  deepEqual(failures, ["Cannot seal records anew"]);

  store.fault = undefined;
  const { fault } = await reaches(resealer, store.looks, isClean);
  deepEqual([fault, store.records], [null, ["k2"]]);
});

/** A ring that tells of each round: every one asks for the current key. */
class WatchedRing extends TestKeyRing {
  readonly asked = new Looks();

  override get currentKeyId(): string {
    this.asked?.taken();
    return super.currentKeyId;
  }
}

Deno.test("Resealer asks no store any more once it is clean, until the key changes", async () => {
  const ring = new WatchedRing();
  const store = new KeyIds(ring, 3);
  await using resealer = new Resealer({ ring, stores: [store], log: silentLogger, everyMs: 1 });
  while (store.limits.length < cleanRoundsMin) await store.looks.next();
  for (let rounds = 0; rounds < 20; rounds++) await ring.asked.next();
  equal(store.limits.length, cleanRoundsMin);
  ring.hold("k2", "k1");
  await reaches(resealer, store.looks, isClean);
  deepEqual(store.records, ["k2", "k2", "k2"]);
});

Deno.test("Resealer is clean only after longer than a write may be on its way to a store", () => {
  // The calls of all stores have the same deadline.
  ok((cleanRoundsMin - 1) * resealEveryMs > callMsMax);
});
