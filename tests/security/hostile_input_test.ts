import { deepEqual, equal, match, ok } from "node:assert/strict";
import { demoRedirectUri } from "tools/platform";
import { signIn } from "tools/client";
import { forgeTokens } from "../fixtures/forged_tokens.ts";
import { otherBodies } from "../fixtures/hostile_bodies.ts";
import { cardNumber, contents, orderBodies } from "../fixtures/hostile_cases.ts";
import {
  malformedRequests,
  misleadingRequests,
  oauthRequests,
} from "../fixtures/hostile_requests.ts";
import { targets } from "../fixtures/hostile_targets.ts";
import { call, openTestPlatform, products, type TestPlatform } from "../fixtures/platform.ts";
import { sendRaw } from "../fixtures/raw_request.ts";
import { isProblem, isRefused } from "../fixtures/refusals.ts";

Deno.test("bad input gets a clear error, harms nothing, and leaves nothing in the logs", async (t) => {
  await using platform = await openTestPlatform();
  const toldAtStart = platform.reports.length;
  const [product] = await products(platform);
  const world = { productId: product!.id, planted: `planted-${crypto.randomUUID()}` };
  const cases = [
    ...orderBodies(world),
    ...otherBodies(world),
    ...contents(world),
    ...targets(world),
  ];

  for (const hostile of cases) {
    await t.step(hostile.name, () => isRefused(platform, hostile));
  }
  await idempotencyKeys(t, platform, world.productId);
  await preconditions(t, platform, world.productId);
  await oddTexts(t, platform);
  await tokens(t, platform);
  await oddRequests(t, platform, world.planted);
  await oauthErrors(t, platform, world.planted);

  await t.step(
    "after all that, nothing has failed, and nothing of it was written down",
    async () => {
      equal((await call(platform, "/products")).status, 200);
      deepEqual(platform.reports.slice(toldAtStart), []);
      const logs = await everyLog(platform);
      ok(logs.includes("Request answered"), "the fact is logged");
      for (const secret of [world.planted, cardNumber, await platform.tokenOf("alice")]) {
        equal(logs.split("\n").find((line) => line.includes(secret)), undefined);
      }
    },
  );
});

async function idempotencyKeys(
  t: Deno.TestContext,
  platform: TestPlatform,
  productId: string,
): Promise<void> {
  const place = async (key: string | undefined, quantity = 1, as = "alice", method = "visa") =>
    await call(platform, "/orders", {
      method: "POST",
      token: await platform.tokenOf(as),
      body: { lines: [{ productId, quantity }], paymentMethod: `pm_card_${method}` },
      headers: key === undefined ? {} : { "idempotency-key": key },
    });
  const bad: [string, string | undefined, string][] = [
    ["no key", undefined, "idempotency-key-missing"],
    ["an empty key", "", "idempotency-key-missing"],
    ["a key of 256 characters", "k".repeat(256), "invalid-request"],
    ["a key with a space", "two words", "invalid-request"],
    ["a key beyond ASCII", "schlüssel", "invalid-request"],
  ];
  for (const [name, key, type] of bad) {
    await t.step(`an order with ${name} is 400`, async () => {
      const { status, headers, body } = await place(key);
      equal(status, 400);
      isProblem(headers, JSON.stringify(body), type);
    });
  }
  await t.step(
    "a key that comes again is replayed, refused with another body, and not shared",
    async () => {
      const key = crypto.randomUUID();
      const first = await place(key);
      equal(first.status, 201);
      const again = await place(key);
      equal(again.status, 201);
      equal(again.body["id"], first.body["id"]);
      const other = await place(key, 2);
      equal(other.status, 422);
      isProblem(other.headers, JSON.stringify(other.body), "idempotency-key-reused");
      const bobs = await place(key, 1, "bob");
      equal(bobs.status, 201);
      ok(bobs.body["id"] !== first.body["id"], "another caller's key is another key");
    },
  );
  await t.step("a key whose first request is still under way is 409", async () => {
    const key = crypto.randomUUID();
    const answers = await Promise.all([1, 2, 3].map(() => place(key, 1, "alice", "slow")));
    const statuses = answers.map(({ status }) => status).toSorted();
    deepEqual(statuses, [201, 409, 409]);
    const refused = answers.find(({ status }) => status === 409)!;
    equal(refused.headers.get("retry-after"), "1");
    isProblem(refused.headers, JSON.stringify(refused.body), "idempotency-key-in-flight");
  });
}

async function preconditions(
  t: Deno.TestContext,
  platform: TestPlatform,
  productId: string,
): Promise<void> {
  const { body: me } = await call(platform, "/users/me", {
    token: await platform.tokenOf("alice"),
  });
  const changes = [
    ["alice", "PATCH", "/users/me", { name: "Mallory" }],
    ["olga", "PATCH", `/products/${productId}`, { stock: 1 }],
    ["ada", "PUT", `/users/${me["id"]}/roles`, { roles: ["admin"] }],
  ] as const;
  const tags: [string | undefined, number][] = [
    [undefined, 428],
    ['"999999"', 412],
    ["banana", 412],
    ["1", 412],
    ['W/"1"', 412],
    ['"1", "2"', 412],
    ['"-1"', 412],
    [`"${"9".repeat(400)}"`, 412],
  ];
  for (const [who, method, path, body] of changes) {
    for (const [tag, status] of tags) {
      const name = `${method} ${path.replace(/[0-9a-f-]{36}/, ":id")}`;
      await t.step(`${name} with If-Match ${tag?.slice(0, 20)} is ${status}`, async () => {
        const headers: Record<string, string> = tag === undefined ? {} : { "if-match": tag };
        const token = await platform.tokenOf(who);
        const answer = await call(platform, path, { method, token, body, headers });
        equal(answer.status, status);
        const type = status === 428 ? "precondition-required" : "precondition-failed";
        isProblem(answer.headers, JSON.stringify(answer.body), type);
      });
    }
  }
  await t.step("what was refused has changed nothing", async () => {
    const token = await platform.tokenOf("alice");
    deepEqual((await call(platform, "/users/me", { token })).body, me);
    const product = await call(platform, `/products/${productId}`);
    ok(Number(product.body["stock"]) > 1);
  });
}

/** Allowed where people write freely: kept as sent, or refused, but never changed on the way. */
async function oddTexts(t: Deno.TestContext, platform: TestPlatform): Promise<void> {
  const token = await platform.tokenOf("bob");
  for (const name of ["A\0B", "\ud800", "\u202eecilA", "<script>x</script>", "é👩‍🚀", "'; --"]) {
    await t.step(
      `a name of ${JSON.stringify(name)} comes back as it was sent, or is refused`,
      async () => {
        const before = await call(platform, "/users/me", { token });
        const headers = { "if-match": before.headers.get("etag")! };
        const change = { method: "PATCH", token, headers, body: { name } };
        const { status, body } = await call(platform, "/users/me", change);
        ok(status === 200 || status === 400, String(status));
        const after = await call(platform, "/users/me", { token });
        equal(after.body["name"], status === 200 ? name : before.body["name"]);
        if (status === 200) equal(body["name"], name);
      },
    );
  }
}

async function tokens(t: Deno.TestContext, platform: TestPlatform): Promise<void> {
  const read = async (authorization?: string) => {
    const headers: Record<string, string> = authorization ? { authorization } : {};
    return await call(platform, "/orders", { headers });
  };
  const { genuine, forgeries } = await forgeTokens(platform, await platform.tokenOf("alice"));
  await t.step("a token made as the forged ones are, but right, is accepted", async () => {
    equal((await read(genuine)).status, 200);
  });
  for (const [name, authorization] of forgeries) {
    await t.step(`a token ${name} is 401`, async () => {
      const { status, headers, body } = await read(authorization);
      equal(status, 401);
      isProblem(headers, JSON.stringify(body));
      match(headers.get("www-authenticate") ?? "", /^Bearer/);
      ok(body["error"] === "Unauthorized" || body["error"] === "Invalid token");
    });
  }
  await t.step("no token is 401, and so are the other tokens that a sign-in gives", async () => {
    equal((await read()).body["error"], "Unauthorized");
    const [alice] = platform.credentials.users;
    const scope = "openid offline_access";
    const given = await signIn(platform.edge, { ...alice!, redirectUri: demoRedirectUri, scope });
    ok(given.id_token);
    equal((await read(`Bearer ${given.id_token}`)).status, 401);
    if (given.refresh_token) equal((await read(`Bearer ${given.refresh_token}`)).status, 401);
  });
}

/** What `fetch` would not send. A refusal of what is hardly HTTP may be bare, but never ours to blame. */
async function oddRequests(
  t: Deno.TestContext,
  platform: TestPlatform,
  planted: string,
): Promise<void> {
  for (const [name, lines, status] of misleadingRequests) {
    await t.step(`a request with ${name} is ${status}`, async () => {
      const answer = await sendRaw(platform, lines);
      equal(answer.status, status, answer.text.slice(0, 200));
      match(answer.text, /^content-type: application\/problem\+json\r$/im);
    });
  }
  for (const [name, lines, body] of malformedRequests(planted)) {
    await t.step(`a request with ${name} is refused`, async () => {
      const { status, text } = await sendRaw(platform, lines, body);
      ok(status === 0 || (status >= 400 && status < 500), text.slice(0, 200));
      equal(text.split("HTTP/1.1 ").length, status === 0 ? 1 : 2, "one answer and no second one");
    });
  }
}

/** The authorization server's endpoints have shapes of their own: OAuth's. */
async function oauthErrors(
  t: Deno.TestContext,
  platform: TestPlatform,
  planted: string,
): Promise<void> {
  for (const [name, path, init] of oauthRequests(planted, platform.edge.url)) {
    await t.step(`the authorization server refuses ${name}`, async () => {
      const response = await platform.edge.fetch(path, init);
      const text = await response.text();
      ok(
        response.status >= 400 && response.status < 500,
        `${response.status} ${text.slice(0, 200)}`,
      );
      ok(!/file:\/\/|node_modules|\bat .+:\d+:\d+/.test(text), "says nothing of the inside");
    });
  }
}

async function everyLog({ dir }: TestPlatform): Promise<string> {
  const logs: string[] = [];
  for await (const { name } of Deno.readDir(`${dir}/logs`)) {
    logs.push(await Deno.readTextFile(`${dir}/logs/${name}`));
  }
  return logs.join("\n");
}
