import { deepEqual, equal } from "node:assert/strict";
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
