import { deepEqual, equal, rejects } from "node:assert/strict";
import { heldKeysMax } from "./held_keys.ts";
import { type IdempotencyStore, leaseMs, once } from "./idempotency.ts";
import { asJson, problem, tea, testThings, TooMuch } from "./testing/things_api.ts";

testThings(
  "A call with a key is answered once, and other content under its key is refused",
  async ({ send, calls }) => {
    const add = (key: string, name = "Tea") =>
      send("POST", "/things", {
        body: JSON.stringify({ name }),
        headers: { ...asJson, ...key && { "idempotency-key": key } },
      });
    equal(await problem(await add("")), "400 idempotency-key-missing");
    const first = await add("k1");
    const again = await add("k1");
    deepEqual([first.status, again.status], [201, 201]);
    deepEqual(await again.json(), await first.json());
    equal(again.headers.get("idempotent-replayed"), "true");
    equal(await problem(await add("k1", "Mate")), "422 idempotency-key-reused");
    equal(calls.length, 1);
  },
);

const attempts: string[] = [];
testThings(
  "A keyed call that failed on our side is tried again, under the same id",
  async ({ send }) => {
    const add = () =>
      send("POST", "/things", {
        body: '{"name":"Tea"}',
        headers: { ...asJson, "idempotency-key": "k1" },
      });
    equal(await problem(await add()), "500 internal");
    equal((await add()).status, 201);
    equal(attempts.length, 2);
    equal(attempts[0], attempts[1]);
  },
  {
    addThing({ resourceId }) {
      attempts.push(resourceId);
      if (attempts.length === 1) return Promise.reject(new Error("lost the database"));
      return Promise.resolve(tea);
    },
  },
);

testThings("A keyed call that broke a rule gets the same answer again", async ({ send }) => {
  const add = () =>
    send("POST", "/things", {
      body: '{"name":"Tea"}',
      headers: { ...asJson, "idempotency-key": "k1" },
    });
  equal(await problem(await add()), "409 too-much");
  const again = await add();
  equal(again.headers.get("idempotent-replayed"), "true");
  equal(await problem(again), "409 too-much");
}, { addThing: () => Promise.reject(new TooMuch("of this")) });

const use = { scope: "ada addThing", key: "k1", fingerprint: "f1", resourceId: "r1" };
const noon = new Date("2026-01-02T12:00:00.000Z");
const leasedUntil = new Date(noon.getTime() + leaseMs);
const away = new Error("The store is away");

/** A store that is there, but for what is given; `released` is by which lease a key was let go. */
function aStore(given: Partial<IdempotencyStore>) {
  const { promise: released, resolve } = Promise.withResolvers<Date>();
  const store: IdempotencyStore = {
    claim: () => Promise.resolve({ state: "claimed", resourceId: "r1", leasedUntil }),
    answer: () => Promise.resolve(),
    release: (_use, until) => Promise.resolve(resolve(until)),
    ...given,
  };
  return { store, released, release: resolve };
}

Deno.test("A key that cannot be let go, because its store is away, is let go when it is back", async () => {
  let tries = 0;
  const { store, released, release } = aStore({
    release: (_use, until) =>
      tries++ === 0 ? Promise.reject(away) : Promise.resolve(release(until)),
  });
  const failure = new Error("lost the database");
  await rejects(once(store, use, () => noon, () => Promise.reject(failure)), failure);
  deepEqual(await released, leasedUntil);
});

Deno.test("Keys of a store that is away are let go of one at a time, and no more than it is bounded to", async () => {
  let isAway = true;
  let atOnce = 0;
  let atOnceMax = 0;
  let released = 0;
  const { promise: allReleased, resolve } = Promise.withResolvers<void>();
  const { store } = aStore({
    async release() {
      if (isAway) throw away;
      atOnceMax = Math.max(atOnceMax, ++atOnce);
      await Promise.resolve();
      atOnce--;
      if (++released === heldKeysMax) resolve();
    },
  });
  const uses = Array.from(
    { length: heldKeysMax + 10 },
    () => once(store, use, () => noon, () => Promise.reject(away)),
  );
  await Promise.allSettled(uses);
  isAway = false;
  await allReleased;
  // Whatever else there was to let go of would follow before the next turn.
  await new Promise((resolve) => setTimeout(resolve, 0));
  deepEqual([released, atOnceMax], [heldKeysMax, 1]);
});

Deno.test("A key is let go when its store does not tell whether it was taken", async () => {
  const { store, released } = aStore({ claim: () => Promise.reject(away) });
  await rejects(once(store, use, () => noon, () => Promise.resolve(new Response())), away);
  deepEqual(await released, leasedUntil);
});

Deno.test("A key is let go when its answer cannot be kept", async () => {
  const { store, released } = aStore({ answer: () => Promise.reject(away) });
  await rejects(once(store, use, () => noon, () => Promise.resolve(new Response())), away);
  deepEqual(await released, leasedUntil);
});
