import { deepEqual, equal, match, ok } from "node:assert/strict";
import { anyone } from "platform/access";
import { Problem, problemTypes } from "platform/problem";
import { StoreUnavailableError } from "platform/store";
import { asJson, problem, tea, testThings, TooMuch, type Traits } from "./testing/things_api.ts";

testThings("A path that is not there is 404 for everybody, by any method", async ({ send }) => {
  for (const method of ["GET", "POST", "PATCH", "DELETE", "PROPFIND"]) {
    for (const path of ["/", "/thing", "/things/", "/things/t1/x", "//things"]) {
      equal(await problem(await send(method, path, { as: "" })), "404 not-found");
    }
  }
});

testThings(
  "A method that a path has not is 405 and says which it has, before who asks",
  async ({ send }) => {
    const expected: [string, string, string][] = [
      ["DELETE", "/things", "GET, POST, HEAD"],
      ["PUT", "/things/t1", "GET, PATCH, HEAD"],
      ["OPTIONS", "/things/t1", "GET, PATCH, HEAD"],
      ["GET", "/ping", "POST"],
    ];
    for (const [method, path, allow] of expected) {
      const response = await send(method, path, { as: "" });
      equal(response.headers.get("allow"), allow);
      equal(await problem(response), "405 method-not-allowed");
    }
  },
);

testThings(
  "Each check comes in its turn: each request is wrong in all points from one on",
  async ({ send, calls }) => {
    const path = "/things/%20?unknown=1";
    const tooLong = "x".repeat(70_000);
    const wrongFrom: [string, Traits][] = [
      ["401 unauthenticated", { as: "", body: tooLong }],
      ["403 forbidden", { as: "eve customer", body: tooLong }],
      ["415 unsupported-media-type", { body: tooLong }],
      ["413 content-too-large", { body: tooLong, headers: asJson }],
      ["400 malformed-json", { body: "{", headers: asJson }],
      ["400 invalid-request", { body: "{}", headers: asJson }],
    ];
    for (const [expected, traits] of wrongFrom) {
      equal(await problem(await send("PATCH", path, traits)), expected);
    }
    deepEqual(calls, []);
  },
);

testThings(
  "A handler gets what was parsed, who asks and how far that reaches",
  async ({ send, calls }) => {
    await send("GET", "/things?limit=3", { as: "bob customer" });
    deepEqual([calls[0]?.query, calls[0]?.reach], [{ limit: 3 }, { owner: "bob" }]);
    equal(calls[0]?.caller.subject, "bob");
    const traits = { body: ' {"name": "Mate"}', headers: { ...asJson, "if-match": '"7"' } };
    await send("PATCH", "/things/t1", traits);
    deepEqual([calls[1]?.params, calls[1]?.body, calls[1]?.reach], [
      { id: "t1" },
      { name: "Mate" },
      "any",
    ]);
    equal(calls[1]?.bodyText, ' {"name": "Mate"}');
  },
);

testThings(
  "An operation for anyone asks for no token, and believes none",
  async ({ send, calls }) => {
    equal((await send("POST", "/ping", { as: "" })).status, 202);
    equal((await send("POST", "/ping", { as: "eve admin" })).status, 202);
    deepEqual(calls.map(({ caller }) => caller), [anyone, anyone]);
  },
);

testThings(
  "An unknown query parameter is refused, where there is a query and where there is none",
  async ({ send, calls }) => {
    for (const path of ["/things?offset=1", "/things?limit=1&x=", "/things/t1?x=1"]) {
      equal(await problem(await send("GET", path)), "400 invalid-request");
    }
    deepEqual(calls, []);
  },
);

testThings(
  "A query parameter that is given more than once is refused, whichever of its values are right",
  async ({ send, calls }) => {
    for (const query of ["limit=1&limit=zzz", "limit=zzz&limit=1", "limit=1&limit=1"]) {
      equal(await problem(await send("GET", `/things?${query}`)), "400 invalid-request");
    }
    deepEqual(calls, []);
  },
);

testThings("A refusal points at each thing that breaks the contract", async ({ send }) => {
  const traits = { body: '{"name": "", "more": 1}', headers: { ...asJson, "if-match": "*" } };
  const { errors } = await (await send("PATCH", "/things/x", traits)).json();
  deepEqual(errors.map(({ pointer }: { pointer: string }) => pointer).toSorted(), [
    "#/body",
    "#/body/name",
    "#/params/id",
  ]);
});

testThings("A reply carries no field outside its contract", async ({ send }) => {
  const expected = { id: "t1", name: "Tea", version: 7 };
  deepEqual(await (await send("GET", "/things/t1")).json(), expected);
  deepEqual(await (await send("GET", "/things")).json(), { items: [expected] });
});

testThings(
  "A reply that breaks its contract is a failure of ours, not sent",
  async ({ send, logged }) => {
    const response = await send("GET", "/things/t1");
    const text = await response.clone().text();
    equal(await problem(response), "500 internal");
    equal(text.includes("version"), false);
    equal(logged.length, 1);
  },
  { readThing: () => Promise.resolve({ ...tea, version: "7" as never }) },
);

testThings(
  "A resource has an entity tag, and is not sent again to who has it",
  async ({ send }) => {
    const first = await send("GET", "/things/t1");
    equal(first.headers.get("etag"), '"7"');
    const again = await send("GET", "/things/t1", { headers: { "if-none-match": '"7"' } });
    deepEqual([again.status, again.headers.get("etag"), await again.text()], [304, '"7"', ""]);
    for (const other of ['"6"', '"77"', "7"]) {
      const changed = await send("GET", "/things/t1", { headers: { "if-none-match": other } });
      equal(changed.status, 200);
    }
    equal((await send("GET", "/things")).headers.get("etag"), null);
  },
);

testThings("A change is made to the version that was seen, and to no other", async ({ send }) => {
  const rename = (headers: Readonly<Record<string, string>>) =>
    send("PATCH", "/things/t1", { body: '{"name":"Mate"}', headers: { ...asJson, ...headers } });
  equal(await problem(await rename({})), "428 precondition-required");
  for (const stale of ['"6"', 'W/"7"', "7", '"x"', '"6", "7"', ""]) {
    equal(await problem(await rename({ "if-match": stale })), "412 precondition-failed");
  }
  for (const fresh of ['"7"', "*"]) equal((await rename({ "if-match": fresh })).status, 200);
});

testThings("A HEAD is answered as the GET, without its body", async ({ send }) => {
  const head = await send("HEAD", "/things/t1");
  const get = await send("GET", "/things/t1");
  deepEqual([head.status, await head.text()], [200, ""]);
  deepEqual([...head.headers], [...get.headers]);
  equal((await send("HEAD", "/things/t1", { as: "" })).status, 401);
  equal((await send("HEAD", "/ping")).status, 405);
});

testThings("A broken rule of the domain is told in its own words", async ({ send, logged }) => {
  const response = await send("GET", "/things/t1");
  equal((await response.clone().json()).detail, "too much");
  equal(await problem(response), "409 too-much");
  deepEqual(logged, []);
}, { readThing: () => Promise.reject(new TooMuch("of this")) });

testThings("A failure of ours is a mute 500, and is logged once", async ({ send, logged }) => {
  const response = await send("GET", "/things/t1");
  const text = await response.clone().text();
  equal(await problem(response), "500 internal");
  equal(text.includes("password"), false);
  match(text, /"title":"Something failed on our side"/);
  deepEqual(logged, [{ message: "Cannot answer request" }]);
}, { readThing: () => Promise.reject(new Error("password=hunter2 at 10.0.0.7")) });

testThings(
  "A store that is away is 503, to be tried again, and tells nothing of itself",
  async ({ send, logged }) => {
    const response = await send("GET", "/things/t1");
    equal(response.headers.get("retry-after"), "1");
    ok(!(await response.clone().text()).includes("db.internal"));
    equal(await problem(response), "503 unavailable");
    equal(logged.length, 1);
  },
  { readThing: () => Promise.reject(new StoreUnavailableError("Cannot reach db.internal")) },
);

testThings(
  "Nothing is begun that nobody waits for: the key of such a request is free",
  async ({ send, calls }) => {
    const late = new Problem(problemTypes.gatewayTimeout);
    const headers = { ...asJson, "idempotency-key": "late-key" };
    const traits = { body: '{"name":"Tea"}', headers };
    const signal = AbortSignal.abort(late);
    equal(
      await problem(await send("POST", "/things", { ...traits, signal })),
      "504 gateway-timeout",
    );
    equal(calls.length, 0);
    const inTime = new AbortController().signal;
    equal((await send("POST", "/things", { ...traits, signal: inTime })).status, 201);
    equal(calls[0]?.signal, inTime);
  },
);
