import { deepEqual, equal, match, ok } from "node:assert/strict";
import { drain } from "platform/events/testing";
import { AuthServer } from "./testing/auth_server.ts";
import { Browser } from "./testing/browser.ts";

const password = "correct horse battery";

async function tokenOf(server: AuthServer, email: string): Promise<string> {
  return (await new Browser(server).tokens(email, password)).access_token;
}

Deno.test("whoever signs up is a customer, and is told so without their password", async () => {
  await using server = await AuthServer.open();
  const body = { email: "Ada@Example.com", name: " Ada ", password };
  const response = await server.call("POST", "/users", { body });
  equal(response.status, 201);
  equal(response.headers.get("etag"), '"1"');
  const { id, createdAt, ...user } = await response.json();
  match(id, /^[0-9a-f-]{36}$/);
  ok(!Number.isNaN(Date.parse(createdAt)));
  deepEqual(user, {
    email: "Ada@Example.com",
    name: "Ada",
    roles: ["customer"],
    status: "active",
    version: 1,
  });
  const again = await server.call("POST", "/users", {
    body: { ...body, email: "ada@example.COM" },
  });
  equal(again.status, 409);
  equal((await again.json()).type, "urn:sallyport:problem:email-taken");
  await tokenOf(server, "ada@example.com");
});

Deno.test("a sign-up that asks for roles, or is not one, is refused", async () => {
  await using server = await AuthServer.open();
  const good = { email: "ada@example.com", name: "Ada", password };
  const bad = [
    { ...good, roles: ["admin"] },
    { ...good, email: "ada" },
    { ...good, password: "elevenchars" },
    { ...good, password: "x".repeat(129) },
    { ...good, name: " " },
  ];
  for (const body of bad) equal((await server.call("POST", "/users", { body })).status, 400);
  for (const guessable of ["passwordpassword", "aaaaaaaaaaaaaa", "adalove-adalove"]) {
    const body = { ...good, email: "adalove@example.com", password: guessable };
    const response = await server.call("POST", "/users", { body });
    equal(response.status, 422);
    equal((await response.json()).type, "urn:sallyport:problem:password-refused");
  }
});

Deno.test("a user changes their name only as the version they have seen", async () => {
  await using server = await AuthServer.open();
  await server.addUser("ada@example.com", password);
  const token = await tokenOf(server, "ada@example.com");
  const body = { name: "Countess" };
  equal((await server.call("PATCH", "/users/me", { token, body })).status, 428);
  const stale = await server.call("PATCH", "/users/me", { token, body, ifMatch: '"7"' });
  equal(stale.status, 412);
  const changed = await server.call("PATCH", "/users/me", { token, body, ifMatch: '"1"' });
  equal(changed.status, 200);
  equal(changed.headers.get("etag"), '"2"');
  equal((await changed.json()).name, "Countess");
});

Deno.test("a new password takes the current one, and ends every sign-in", async () => {
  await using server = await AuthServer.open();
  await server.addUser("ada@example.com", password);
  const browser = new Browser(server);
  const { access_token: token, refresh_token } = await browser.tokens("ada@example.com", password);
  const next = "staple battery horse";
  const ifMatch = '"1"';
  const change = (body: unknown) => server.call("PATCH", "/users/me", { token, body, ifMatch });
  equal((await change({ password: next })).status, 400);
  equal((await change({ password: next, currentPassword: "wrong" })).status, 422);
  equal((await change({ password: next, currentPassword: password })).status, 200);
  equal((await browser.refresh(refresh_token)).status, 400);
  const form = await browser.openForm();
  equal((await browser.post(form, { email: "ada@example.com", password })).status, 422);
  equal((await browser.post(form, { email: "ada@example.com", password: next })).status, 303);
});

Deno.test("the owner is told by mail of a new password, and of no other change", async () => {
  await using server = await AuthServer.open();
  await server.addUser("ada@example.com", password);
  const token = await tokenOf(server, "ada@example.com");
  const change = (body: unknown, ifMatch: string) =>
    server.call("PATCH", "/users/me", { token, body, ifMatch });
  equal((await change({ name: "Ada" }, '"1"')).status, 200);
  const body = { password: "staple battery horse", currentPassword: password };
  equal((await change(body, '"2"')).status, 200);
  equal((await server.mailbox.next("ada@example.com")).subject, "Your password was changed");
  deepEqual(server.mailbox.received, []);
});

Deno.test("of two new passwords at once, given the same current one, one is taken", async () => {
  await using server = await AuthServer.open();
  await server.addUser("ada@example.com", password);
  const token = await tokenOf(server, "ada@example.com");
  const answers = await Promise.all(
    ["staple battery horse", "horse staple battery"].map((next) =>
      server.call("PATCH", "/users/me", {
        token,
        body: { password: next, currentPassword: password },
        ifMatch: "*",
      })
    ),
  );
  deepEqual(answers.map(({ status }) => status).sort(), [200, 422]);
});

Deno.test("a stolen token cannot guess the password faster than the form", async () => {
  await using server = await AuthServer.open();
  await server.addUser("ada@example.com", password);
  const token = await tokenOf(server, "ada@example.com");
  const body = { password: "staple battery horse", currentPassword: "wrong" };
  const guess = () => server.call("PATCH", "/users/me", { token, body, ifMatch: '"1"' });
  for (let guesses = 0; guesses < 5; guesses++) equal((await guess()).status, 422);
  const slowed = await guess();
  equal(slowed.status, 429);
  equal(slowed.headers.get("retry-after"), "1");
});

Deno.test("admins and auditors see users, customers do not, and nobody without a token", async () => {
  await using server = await AuthServer.open();
  const id = await server.addUser("ada@example.com", password);
  await server.addUser("audrey@example.com", password, ["auditor"]);
  await server.addUser("root@example.com", password, ["admin"]);
  const customer = await tokenOf(server, "ada@example.com");
  const auditor = await tokenOf(server, "audrey@example.com");
  const paths = ["/users", `/users/${id}`];
  for (const path of paths) {
    equal((await server.call("GET", path)).status, 401);
    equal((await server.call("GET", path, { token: customer })).status, 403);
    equal((await server.call("GET", path, { token: auditor })).status, 200);
  }
  const disabled = await server.call("POST", `/users/${id}/disable`, { token: auditor });
  equal(disabled.status, 403);
  const page = await server.call("GET", "/users?limit=2", { token: auditor });
  const { items, nextCursor } = await page.json();
  equal(items.length, 2);
  const rest = await server.call("GET", `/users?cursor=${nextCursor}`, { token: auditor });
  const last = await rest.json();
  equal(last.items.length, 1);
  equal(last.nextCursor, null);
});

Deno.test("an admin changes roles, which ends the user's sign-ins and shows in the next token", async () => {
  await using server = await AuthServer.open();
  const id = await server.addUser("olga@example.com", password);
  const rootId = await server.addUser("root@example.com", password, ["admin"]);
  const token = await tokenOf(server, "root@example.com");
  const browser = new Browser(server);
  const { refresh_token } = await browser.tokens("olga@example.com", password);
  const put = (userId: string, roles: unknown, ifMatch = '"1"') =>
    server.call("PUT", `/users/${userId}/roles`, { token, body: { roles }, ifMatch });

  for (const roles of [[], ["root"], ["orders", "orders"]]) {
    equal((await put(id, roles)).status, 400);
  }
  equal((await put(id, ["orders"], '"9"')).status, 412);
  const changed = await put(id, ["orders", "customer"]);
  equal(changed.status, 200);
  deepEqual((await changed.json()).roles, ["orders", "customer"]);
  equal((await browser.refresh(refresh_token)).status, 400);

  const own = await put(rootId, ["customer"]);
  equal(own.status, 409);
  equal((await own.json()).type, "urn:sallyport:problem:own-admin-role");
  equal((await put(rootId, ["customer", "admin"])).status, 200);
  equal((await server.call("POST", `/users/${rootId}/disable`, { token })).status, 409);
});

Deno.test("what happens to users is told without their names and addresses", async () => {
  await using server = await AuthServer.open();
  const id = await server.addUser("ada@example.com", password);
  await server.addUser("root@example.com", password, ["admin"]);
  const token = await tokenOf(server, "root@example.com");
  equal((await server.call("POST", `/users/${id}/disable`, { token })).status, 200);
  equal((await server.call("POST", `/users/${id}/disable`, { token })).status, 200);
  const events = await drain(server.stores.outbox);
  deepEqual(
    events.filter(({ subject }) => subject === id).map(({ type, data }) => ({ type, data })),
    [
      {
        type: "sallyport.auth.user.changed",
        data: { id, roles: ["customer"], status: "active", version: 1 },
      },
      {
        type: "sallyport.auth.user.disabled",
        data: {
          id,
          roles: ["customer"],
          status: "disabled",
          version: 2,
          securityVersion: 1,
          signInsValidFrom: server.now.toISOString(),
        },
      },
    ],
  );
});
