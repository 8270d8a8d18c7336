import { deepEqual, equal } from "node:assert/strict";
import type { Claim, IdempotencyStore, KeyUse, StoredAnswer } from "platform/http";

const noon = new Date("2026-01-02T12:00:00.000Z");
const leaseMs = 30_000;
const answer: StoredAnswer = {
  status: 201,
  headers: { "content-type": "application/json", "etag": '"1"' },
  body: '{"id":"p1","name":"żółć"}',
};

/** What every IdempotencyStore must do. `open` gives an empty one; without it, the tests are ignored. */
export function idempotencyStoreContract(
  adapter: string,
  open?: () => Promise<IdempotencyStore>,
): void {
  function test(promise: string, check: (store: IdempotencyStore) => Promise<void>): void {
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      fn: async () => await check(await open!()),
    });
  }

  test("lets the first use of a key through, with its own resource", async (store) => {
    const use = aUse({ resourceId: "r1" });
    deepEqual(await store.claim(use, noon, leaseMs), claimed("r1", noon));
  });

  test("lets one of many uses at once through", async (store) => {
    const uses = Array.from({ length: 50 }, (_, at) => aUse({ resourceId: `r${at}` }));
    const claims = await Promise.all(uses.map((use) => store.claim(use, noon, leaseMs)));
    deepEqual(countStates(claims), { claimed: 1, in_flight: 49 });
  });

  test("gives the first answer to every later use, as it was", async (store) => {
    await store.claim(aUse(), noon, leaseMs);
    await store.answer(aUse(), answer, noon);
    for (const afterMs of [0, leaseMs + 1, 24 * 3_600_000 - 1]) {
      const again = await store.claim(aUse({ resourceId: "r2" }), after(afterMs), leaseMs);
      deepEqual(again, { state: "answered", answer });
    }
  });

  test("keeps an answer for a day, whatever else is answered meanwhile", async (store) => {
    await store.claim(aUse(), noon, leaseMs);
    await store.answer(aUse(), answer, noon);
    const late = after(24 * 3_600_000 - 1);
    await store.claim(aUse({ key: "k2" }), late, leaseMs);
    await store.answer(aUse({ key: "k2" }), answer, late);
    equal((await store.claim(aUse(), late, leaseMs)).state, "answered");
  });

  test("tells a key that comes with another content", async (store) => {
    const other = aUse({ fingerprint: "f2" });
    await store.claim(aUse(), noon, leaseMs);
    equal((await store.claim(other, noon, leaseMs)).state, "reused");
    await store.answer(aUse(), answer, noon);
    equal((await store.claim(other, noon, leaseMs)).state, "reused");
  });

  test("takes the same key in another scope for another key", async (store) => {
    await store.claim(aUse(), noon, leaseMs);
    await store.answer(aUse(), answer, noon);
    const other = aUse({ scope: "bob createPayment", resourceId: "r2" });
    deepEqual(await store.claim(other, noon, leaseMs), claimed("r2", noon));
  });

  test("does not take two scopes and keys for one that run together", async (store) => {
    await store.claim(aUse({ scope: "ab", key: "c" }), noon, leaseMs);
    equal((await store.claim(aUse({ scope: "a", key: "bc" }), noon, leaseMs)).state, "claimed");
  });

  test("holds a key for as long as its lease, and no longer", async (store) => {
    await store.claim(aUse(), noon, leaseMs);
    equal((await store.claim(aUse(), after(leaseMs - 1), leaseMs)).state, "in_flight");
    equal((await store.claim(aUse(), after(leaseMs + 1), leaseMs)).state, "claimed");
  });

  test("hands a crashed holder's resource to who takes the key up, and to one only", async (store) => {
    await store.claim(aUse({ resourceId: "r1" }), noon, leaseMs);
    const uses = Array.from({ length: 20 }, (_, at) => aUse({ resourceId: `other${at}` }));
    const claims = await Promise.all(
      uses.map((use) => store.claim(use, after(leaseMs + 1), leaseMs)),
    );
    deepEqual(countStates(claims), { claimed: 1, in_flight: 19 });
    const taken = claims.find(({ state }) => state === "claimed");
    deepEqual(taken, claimed("r1", after(leaseMs + 1)));
  });

  test("lets a released key be tried again at once, with the same resource", async (store) => {
    await store.claim(aUse({ resourceId: "r1" }), noon, leaseMs);
    await store.release(aUse(), after(leaseMs));
    const again = await store.claim(aUse({ resourceId: "r2" }), noon, leaseMs);
    deepEqual(again, claimed("r1", noon));
  });

  test("does not let go of a key that has passed to somebody else", async (store) => {
    await store.claim(aUse(), noon, leaseMs);
    await store.claim(aUse(), after(leaseMs + 1), leaseMs);
    await store.release(aUse(), after(leaseMs));
    equal((await store.claim(aUse(), after(leaseMs + 2), leaseMs)).state, "in_flight");
  });

  test("keeps the answer of who is done first, though the key had passed to somebody else", async (store) => {
    await store.claim(aUse(), noon, leaseMs);
    await store.claim(aUse(), after(leaseMs + 1), leaseMs);
    await store.answer(aUse(), answer, after(leaseMs + 2));
    await store.answer(aUse(), { ...answer, status: 409 }, after(leaseMs + 3));
    const again = await store.claim(aUse(), after(leaseMs + 4), leaseMs);
    deepEqual(again, { state: "answered", answer });
  });

  test("does not forget an answer when the key is released after it", async (store) => {
    await store.claim(aUse(), noon, leaseMs);
    await store.answer(aUse(), answer, noon);
    await store.release(aUse(), after(leaseMs));
    deepEqual(await store.claim(aUse(), noon, leaseMs), { state: "answered", answer });
  });
}

function aUse(traits: Partial<KeyUse> = {}): KeyUse {
  return {
    scope: "ada createPayment",
    key: "k1",
    fingerprint: "f1",
    resourceId: "r1",
    ...traits,
  };
}

function claimed(resourceId: string, at: Date): Claim {
  return { state: "claimed", resourceId, leasedUntil: new Date(at.getTime() + leaseMs) };
}

function after(ms: number): Date {
  return new Date(noon.getTime() + ms);
}

function countStates(claims: readonly Claim[]): Partial<Record<Claim["state"], number>> {
  const counts: Partial<Record<Claim["state"], number>> = {};
  for (const { state } of claims) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
