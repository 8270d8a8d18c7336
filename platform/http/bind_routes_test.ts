import { deepEqual, equal, match } from "node:assert/strict";
import { z } from "zod";
import { type AccessTable, anyone, type Authenticate, type Role } from "platform/access";
import { Problem, problemType, problemTypes, type Translate } from "platform/problem";
import { Database, EmbeddedIdempotencyStore, idempotencySchema } from "platform/store";
import { type Fields, silentLogger } from "platform/telemetry";
import { bindRoutes } from "./bind_routes.ts";
import { matching } from "./precondition.ts";
import type { Call, Handlers, Route } from "./route.ts";

const Thing = z.object({ id: z.string(), name: z.string(), version: z.int() });
const params = z.strictObject({ id: z.string().regex(/^t\d$/) });

const routes = {
  listThings: {
    method: "get",
    path: "/things",
    summary: "List things",
    query: z.strictObject({ limit: z.coerce.number().int().max(9).optional() }),
    status: 200,
    reply: z.object({ items: z.array(Thing) }),
  },
  addThing: {
    method: "post",
    path: "/things",
    summary: "Add a thing",
    body: z.strictObject({ name: z.string().min(1) }),
    idempotent: true,
    status: 201,
    reply: Thing,
  },
  readThing: {
    method: "get",
    path: "/things/:id",
    summary: "Read a thing",
    params,
    status: 200,
    reply: Thing,
  },
  renameThing: {
    method: "patch",
    path: "/things/:id",
    summary: "Rename a thing",
    params,
    body: z.strictObject({ name: z.string().min(1) }),
    ifMatch: "required",
    status: 200,
    reply: Thing,
  },
  ping: {
    method: "post",
    path: "/ping",
    summary: "Say that you are there",
    status: 202,
    reply: z.object({ ok: z.boolean() }),
  },
} as const satisfies Record<string, Route>;

const policy: AccessTable<keyof typeof routes> = {
  listThings: { customer: "own", admin: "any" },
  addThing: { admin: "any" },
  readThing: { customer: "own", admin: "any" },
  renameThing: { admin: "any" },
  ping: { anyone: "any" },
};

const tea = { id: "t1", name: "Tea", version: 7, secret: "not for clients" };
const tooMuch = problemType("too-much", 409, "There is too much of it");

class TooMuch extends Error {}
const translate: Translate = (thrown) =>
  thrown instanceof TooMuch ? new Problem(tooMuch, { detail: "too much", cause: thrown }) : thrown;

/** As `Bearer <subject> <role>`. */
const authenticate: Authenticate = (request) => {
  const [, subject = "", role] = request.headers.get("authorization")?.split(" ") ?? [];
  if (!role) return Promise.reject(new Problem(problemTypes.unauthenticated));
  return Promise.resolve({ ...anyone, subject, roles: new Set([role as Role]) });
};

type ThingHandlers = Handlers<typeof routes>;
type Send = (method: string, path: string, traits?: Traits) => Promise<Response>;

interface Traits {
  readonly as?: string;
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Scene {
  readonly send: Send;
  readonly calls: Call<Route>[];
  readonly logged: Fields[];
}

const asJson = { "content-type": "application/json" };

function test(
  promise: string,
  check: (scene: Scene) => Promise<void>,
  given: Partial<ThingHandlers> = {},
): void {
  Deno.test(promise, async () => {
    using db = Database.open(":memory:", [idempotencySchema]);
    const calls: Call<Route>[] = [];
    const logged: Fields[] = [];
    const seen = <T>(answer: T) => (call: unknown): Promise<T> => {
      calls.push(call as Call<Route>);
      return Promise.resolve(answer);
    };
    const app = bindRoutes(routes, {
      policy,
      authenticate,
      translate,
      idempotency: new EmbeddedIdempotencyStore(db),
      log: { ...silentLogger, failure: (message) => logged.push({ message }) },
      now: () => new Date("2026-01-02T12:00:00.000Z"),
      newId: () => crypto.randomUUID(),
    }, {
      listThings: seen({ items: [tea] }),
      addThing: seen(tea),
      readThing: seen(tea),
      renameThing: (call) => {
        calls.push(call);
        return Promise.resolve(matching(call.ifMatch, (thing: typeof tea) => thing)(tea));
      },
      ping: seen({ ok: true }),
      ...given,
    });
    const send: Send = async (method, path, { as = "ada admin", body, headers } = {}) =>
      await app.fetch(
        new Request(`http://test${path}`, {
          method,
          headers: { ...as && { authorization: `Bearer ${as}` }, ...headers },
          ...body !== undefined && { body },
        }),
      );
    await check({ send, calls, logged });
  });
}

async function problem(response: Response): Promise<string> {
  equal(response.headers.get("content-type"), "application/problem+json");
  const { type, status } = await response.json();
  equal(status, response.status);
  return `${status} ${type.replace("urn:sallyport:problem:", "")}`;
}

test("A path that is not there is 404 for everybody, by any method", async ({ send }) => {
  for (const method of ["GET", "POST", "PATCH", "DELETE", "PROPFIND"]) {
    for (const path of ["/", "/thing", "/things/", "/things/t1/x", "//things"]) {
      equal(await problem(await send(method, path, { as: "" })), "404 not-found");
    }
  }
});

test("A method that a path has not is 405 and says which it has, before who asks", async ({ send }) => {
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
});

test("Each check comes in its turn: each request is wrong in all points from one on", async ({ send, calls }) => {
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
});

test("A handler gets what was parsed, who asks and how far that reaches", async ({ send, calls }) => {
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
});

test("An operation for anyone asks for no token, and believes none", async ({ send, calls }) => {
  equal((await send("POST", "/ping", { as: "" })).status, 202);
  equal((await send("POST", "/ping", { as: "eve admin" })).status, 202);
  deepEqual(calls.map(({ caller }) => caller), [anyone, anyone]);
});

test("An unknown query parameter is refused, where there is a query and where there is none", async ({ send, calls }) => {
  for (const path of ["/things?offset=1", "/things?limit=1&x=", "/things/t1?x=1"]) {
    equal(await problem(await send("GET", path)), "400 invalid-request");
  }
  deepEqual(calls, []);
});

test("A refusal points at each thing that breaks the contract", async ({ send }) => {
  const traits = { body: '{"name": "", "more": 1}', headers: { ...asJson, "if-match": "*" } };
  const { errors } = await (await send("PATCH", "/things/x", traits)).json();
  deepEqual(errors.map(({ pointer }: { pointer: string }) => pointer).toSorted(), [
    "#/body",
    "#/body/name",
    "#/params/id",
  ]);
});

test("A reply carries no field outside its contract", async ({ send }) => {
  const expected = { id: "t1", name: "Tea", version: 7 };
  deepEqual(await (await send("GET", "/things/t1")).json(), expected);
  deepEqual(await (await send("GET", "/things")).json(), { items: [expected] });
});

test(
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

test("A resource has an entity tag, and is not sent again to who has it", async ({ send }) => {
  const first = await send("GET", "/things/t1");
  equal(first.headers.get("etag"), '"7"');
  const again = await send("GET", "/things/t1", { headers: { "if-none-match": '"7"' } });
  deepEqual([again.status, again.headers.get("etag"), await again.text()], [304, '"7"', ""]);
  for (const other of ['"6"', '"77"', "7"]) {
    const changed = await send("GET", "/things/t1", { headers: { "if-none-match": other } });
    equal(changed.status, 200);
  }
  equal((await send("GET", "/things")).headers.get("etag"), null);
});

test("A change is made to the version that was seen, and to no other", async ({ send }) => {
  const rename = (headers: Readonly<Record<string, string>>) =>
    send("PATCH", "/things/t1", { body: '{"name":"Mate"}', headers: { ...asJson, ...headers } });
  equal(await problem(await rename({})), "428 precondition-required");
  for (const stale of ['"6"', 'W/"7"', "7", '"x"', '"6", "7"', ""]) {
    equal(await problem(await rename({ "if-match": stale })), "412 precondition-failed");
  }
  for (const fresh of ['"7"', "*"]) equal((await rename({ "if-match": fresh })).status, 200);
});

test("A HEAD is answered as the GET, without its body", async ({ send }) => {
  const head = await send("HEAD", "/things/t1");
  const get = await send("GET", "/things/t1");
  deepEqual([head.status, await head.text()], [200, ""]);
  deepEqual([...head.headers], [...get.headers]);
  equal((await send("HEAD", "/things/t1", { as: "" })).status, 401);
  equal((await send("HEAD", "/ping")).status, 405);
});

test("A broken rule of the domain is told in its own words", async ({ send, logged }) => {
  const response = await send("GET", "/things/t1");
  equal((await response.clone().json()).detail, "too much");
  equal(await problem(response), "409 too-much");
  deepEqual(logged, []);
}, { readThing: () => Promise.reject(new TooMuch("of this")) });

test("A failure of ours is a mute 500, and is logged once", async ({ send, logged }) => {
  const response = await send("GET", "/things/t1");
  const text = await response.clone().text();
  equal(await problem(response), "500 internal");
  equal(text.includes("password"), false);
  match(text, /"title":"Something failed on our side"/);
  deepEqual(logged, [{ message: "Cannot answer request" }]);
}, { readThing: () => Promise.reject(new Error("password=hunter2 at 10.0.0.7")) });

test("A call with a key is answered once, and its failures of ours are not kept", async ({ send, calls }) => {
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
});

const attempts: string[] = [];
test("A keyed call that failed on our side is tried again, under the same id", async ({ send }) => {
  const add = () =>
    send("POST", "/things", {
      body: '{"name":"Tea"}',
      headers: { ...asJson, "idempotency-key": "k1" },
    });
  equal(await problem(await add()), "500 internal");
  equal((await add()).status, 201);
  equal(attempts.length, 2);
  equal(attempts[0], attempts[1]);
}, {
  addThing({ resourceId }) {
    attempts.push(resourceId);
    if (attempts.length === 1) return Promise.reject(new Error("lost the database"));
    return Promise.resolve(tea);
  },
});

test("A keyed call that broke a rule gets the same answer again", async ({ send }) => {
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
