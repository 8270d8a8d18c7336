import { deepEqual, equal, ok } from "node:assert/strict";
import { auditedOperations } from "./audit_trail.ts";
import { oidcEndpoints } from "./oidc_endpoints.ts";
import { routes } from "./routes.ts";
import { AuthServer, Browser } from "./testing/mod.ts";

const email = "ada@example.com";
const password = "four plain words together";
const adminEmail = "root@example.com";

/** What changes something, and is not written down: each begins something, or gives out what a sign-in led to. */
const unaudited = [
  "passkeyOptions",
  "passkeyCreation",
  "submitSignUp",
  "token",
  "introspection",
  "pushedAuthorization",
  "deviceAuthorization",
];

Deno.test("every operation that changes something is written down, or named as one that is not", () => {
  const writing = Object.entries({ ...oidcEndpoints, ...routes })
    .filter(([, { method }]) => method.toUpperCase() !== "GET").map(([name]) => name);
  deepEqual(writing.toSorted(), [...auditedOperations, ...unaudited].toSorted());
});

Deno.test("who did what to whom from where is written down, and read by auditors and admins alone", async () => {
  await using server = await AuthServer.open();
  const id = await server.addUser(email, password);
  const adminId = await server.addUser(adminEmail, password, ["admin"]);
  const browser = new Browser(server);
  const form = await browser.openForm();
  await (await browser.post(form, { email, password: "a wrong one, all the same" })).body?.cancel();
  const { access_token: token } = await browser.tokens(email, password);
  const { access_token: admin } = await new Browser(server).tokens(adminEmail, password);
  equal((await server.call("POST", `/users/${adminId}/disable`, { token })).status, 403);
  equal((await server.call("POST", `/users/${id}/disable`, { token: admin })).status, 200);

  equal((await server.call("GET", "/audit", { token })).status, 403);
  const answer = await server.call("GET", "/audit", { token: admin });
  const { items } = await answer.json();
  const told = items.map((
    { action, outcome, actor, subject, address }: Record<string, unknown>,
  ) => [action, outcome, actor, subject, address]);
  const from = "192.0.2.1";
  deepEqual(told, [
    ["disableUser", "done", adminId, id, from],
    ["disableUser", "refused", id, adminId, from],
    ["submitInteraction", "done", adminId, adminId, from],
    ["submitInteraction", "done", id, id, from],
    ["submitInteraction", "refused", null, id, from],
  ]);
  const text = JSON.stringify(items);
  ok(!text.includes(email) && !text.includes(password));
  const integrity = await server.call("GET", "/audit/integrity", { token: admin });
  deepEqual(await integrity.json(), { entries: 5, brokenAt: null });
});

Deno.test("what cannot be written down is not said to be done", async () => {
  await using server = await AuthServer.open();
  const id = await server.addUser(email, password);
  await server.addUser(adminEmail, password, ["admin"]);
  const { access_token: admin } = await new Browser(server).tokens(adminEmail, password);
  server.stores.audit.append = () => Promise.reject(new Error("The disk is full"));
  const answer = await server.call("POST", `/users/${id}/disable`, { token: admin });
  equal(answer.status, 503);
  equal(answer.headers.get("retry-after"), "1");
  equal(answer.headers.get("content-type"), "application/problem+json");
});
