import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { decodeJwt } from "jose";
import { attemptLimits, factorsOf, UserId, withoutTotp } from "./domain/mod.ts";
import { formLimits } from "./form_body.ts";
import { pendingMs } from "./pending_sign_ins.ts";
import { AuthServer } from "./testing/auth_server.ts";
import { Browser, disable, type Tokens } from "./testing/browser.ts";
import { type Enrolled, enrolTotp } from "./testing/factors.ts";

const email = "ada@example.com";
const password = "correct horse battery";

interface Scene extends AsyncDisposable {
  readonly server: AuthServer;
  readonly browser: Browser;
  readonly id: string;
  readonly app: Enrolled;
  /** The code of now. */
  readonly code: () => string;
  /** Opens a form and gives the right password. @returns the form's path. */
  afterPassword(changes?: Readonly<Record<string, string>>): Promise<string>;
}

async function openScene(): Promise<Scene> {
  const server = await AuthServer.open();
  const id = await server.addUser(email, password);
  const app = await enrolTotp(server, id);
  const browser = new Browser(server);
  return {
    server,
    browser,
    id,
    app,
    code: () => app.code(server.now),
    async afterPassword(changes = {}) {
      const form = await browser.openForm(changes);
      const response = await browser.post(form, { email, password });
      equal(response.status, 200);
      match(await response.text(), /name="code"/);
      return form;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function codeOf(browser: Browser, response: Response): Promise<string> {
  equal(response.status, 303);
  const done = await browser.follow(response);
  return new URL(done.headers.get("location")!).searchParams.get("code")!;
}

function later(server: AuthServer, seconds: number): void {
  server.now = new Date(server.now.getTime() + seconds * 1_000);
}

Deno.test("a code after the password signs in, and the ID token says by what", async () => {
  await using scene = await openScene();
  const { browser, afterPassword, code } = scene;
  const asked = { "acr_values": "https://refeds.org/profile/mfa" };
  const form = await afterPassword(asked);
  const response = await browser.post(form, { code: code() });
  const tokens: Tokens = await (await browser.redeem(await codeOf(browser, response))).json();
  const { amr, acr } = decodeJwt(tokens.id_token!);
  deepEqual({ amr, acr }, { amr: ["pwd", "otp", "mfa"], acr: asked["acr_values"] });
});

Deno.test("the password alone opens no session for who has a second factor, and signs in who has none", async () => {
  await using scene = await openScene();
  const { server, browser, afterPassword } = scene;
  await afterPassword();
  // The visit may be asked to go on: it goes back to the form.
  match(await browser.openForm(), /^\/oidc\/interaction\//);
  await server.addUser("bob@example.com", password);
  const tokens = await new Browser(server).tokens("bob@example.com", password);
  deepEqual(decodeJwt(tokens.id_token!)["amr"], ["pwd"]);
});

Deno.test("a code is refused when it comes again, in whatever visit, and an earlier one with it", async () => {
  await using scene = await openScene();
  const { server, app, browser, afterPassword, code } = scene;
  const earlier = app.code(new Date(server.now.getTime() - 30_000));
  equal((await browser.post(await afterPassword(), { code: code() })).status, 303);
  for (const used of [code(), earlier]) {
    const form = await afterPassword({ prompt: "login" });
    const response = await browser.post(form, { code: used });
    equal(response.status, 422);
    match(await response.text(), /role="alert"[^]*The code is not right/);
  }
  later(server, 30);
  equal(
    (await browser.post(await afterPassword({ prompt: "login" }), { code: code() })).status,
    303,
  );
});

Deno.test("of five who use one code at a time one signs in", async () => {
  await using scene = await openScene();
  const { server, code } = scene;
  const visits = await Promise.all(Array.from({ length: 5 }, async () => {
    const browser = new Browser(server);
    const form = await browser.openForm();
    equal((await browser.post(form, { email, password })).status, 200);
    return { browser, form };
  }));
  const answers = await Promise.all(
    visits.map(({ browser, form }) => browser.post(form, { code: code() })),
  );
  deepEqual(answers.map(({ status }) => status).toSorted(), [303, 422, 422, 422, 422]);
});

Deno.test("a recovery code signs in once", async () => {
  await using scene = await openScene();
  const { server, id, app, browser, afterPassword } = scene;
  const [first] = app.recoveryCodes;
  const response = await browser.post(await afterPassword(), {
    "recovery_code": first!.toUpperCase(),
  });
  const tokens: Tokens = await (await browser.redeem(await codeOf(browser, response))).json();
  deepEqual(decodeJwt(tokens.id_token!)["amr"], ["pwd", "mfa"]);
  equal(factorsOf((await server.stores.users.find(id, "any"))!).recoveryCodes.length, 9);
  const form = await afterPassword({ prompt: "login" });
  const again = await browser.post(form, { "recovery_code": first! });
  equal(again.status, 422);
  match(await again.text(), /The code is not right[^]*<details open/);
});

Deno.test("guesses at codes are counted apart from passwords, and waiting helps", async () => {
  await using scene = await openScene();
  const { server, browser, afterPassword, code } = scene;
  const form = await afterPassword();
  const { freeMax } = attemptLimits["second factor"].account;
  for (let n = 0; n < freeMax; n++) {
    equal((await browser.post(form, { code: "000000" })).status, 422);
  }
  const slowed = await browser.post(form, { code: code() });
  equal(slowed.status, 429);
  equal(slowed.headers.get("retry-after"), "1");
  // The right password takes nothing of it back.
  const again = await afterPassword();
  equal((await browser.post(again, { code: code() })).status, 429);
  later(server, 1);
  equal((await browser.post(again, { code: code() })).status, 303);
});

Deno.test("what was typed as a code is no way round: empty, none, a flag, or another field", async () => {
  await using scene = await openScene();
  const { browser, afterPassword } = scene;
  const form = await afterPassword();
  for (const fields of [{}, { code: "" }, { mfa: "true" }, { passkey: "{}" }]) {
    equal((await browser.post(form, fields)).status, 422, JSON.stringify(fields));
  }
});

Deno.test("a form longer than any of ours is not read", async () => {
  await using scene = await openScene();
  const { browser } = scene;
  const form = await browser.openForm();
  const length = formLimits.bytesMax - "passkey=".length;
  equal((await browser.post(form, { passkey: "x".repeat(length) })).status, 422);
  equal((await browser.post(form, { passkey: "x".repeat(length + 1) })).status, 413);
});

Deno.test("a second step without a first one begins again", async () => {
  await using scene = await openScene();
  const { browser, code } = scene;
  const form = await browser.openForm();
  const response = await browser.post(form, { code: code() });
  equal(response.status, 422);
  match(await response.text(), /Begin again[^]*name="password"/);
});

Deno.test("a second step is of the visit in which the password was right", async () => {
  await using scene = await openScene();
  const { server, afterPassword, code } = scene;
  await afterPassword();
  const other = new Browser(server);
  equal((await other.post(await other.openForm(), { code: code() })).status, 422);
});

Deno.test("the page shows the second step again when it is loaded again, until it is left", async () => {
  await using scene = await openScene();
  const { browser, afterPassword } = scene;
  const form = await afterPassword();
  match(await (await browser.get(form)).text(), /name="code"/);
  match(await (await browser.post(form, { restart: "yes" })).text(), /name="password"/);
  match(await (await browser.get(form)).text(), /name="password"/);
});

Deno.test("a password is good for the second step for as long as it says", async () => {
  await using scene = await openScene();
  const { server, browser, afterPassword, code } = scene;
  const form = await afterPassword();
  later(server, pendingMs / 1_000);
  match(await (await browser.post(form, { code: code() })).text(), /Begin again/);
});

Deno.test("a user who is disabled between the steps does not get in", async () => {
  await using scene = await openScene();
  const { server, id, browser, afterPassword, code } = scene;
  const form = await afterPassword();
  await disable(server, id);
  equal((await browser.post(form, { code: code() })).status, 422);
});

Deno.test("whoever has lost a sign-in between the steps does not get in, though it be kept somewhere", async () => {
  await using scene = await openScene();
  const { server, id, browser, afterPassword, code } = scene;
  const form = await afterPassword();
  const revoked = { revokesGrants: false };
  await server.stores.users.update(UserId.parse(id), "any", (account) => ({
    account: { ...account, signInsValidFrom: server.now.toISOString() },
    event: undefined,
  }), revoked);
  equal((await browser.post(form, { code: code() })).status, 422);
});

Deno.test("who removes their factor between the steps begins again", async () => {
  await using scene = await openScene();
  const { server, id, browser, afterPassword, code } = scene;
  const form = await afterPassword();
  await server.stores.users.update(
    UserId.parse(id),
    "any",
    (account) => withoutTotp(account, server.now),
  );
  match(await (await browser.post(form, { code: code() })).text(), /Begin again/);
  equal((await browser.post(form, { email, password })).status, 303);
});

Deno.test("a wrong password tells nothing of second factors", async () => {
  await using scene = await openScene();
  const { server, browser } = scene;
  await server.addUser("bob@example.com", password);
  const form = await browser.openForm();
  const texts = new Set<string>();
  for (const address of [email, "bob@example.com", "nobody@example.com"]) {
    const response = await browser.post(form, { email: address, password: "wrong password" });
    equal(response.status, 422);
    texts.add((await response.text()).replaceAll(address, "*"));
  }
  equal(texts.size, 1);
});

Deno.test("an admin takes lost factors away, and the password is enough again", async () => {
  await using scene = await openScene();
  const { server, id, browser, afterPassword, code } = scene;
  const response = await browser.post(await afterPassword(), { code: code() });
  const tokens: Tokens = await (await browser.redeem(await codeOf(browser, response))).json();
  await server.addUser("root@example.com", password, ["admin"]);
  const { access_token: admin } = await new Browser(server).tokens("root@example.com", password);
  const path = `/users/${id}/reset-factors`;
  equal((await server.call("POST", path, { token: tokens.access_token })).status, 403);
  later(server, 1);
  const reset = await server.call("POST", path, { token: admin });
  equal(reset.status, 200);
  const user = await reset.json();
  equal(user.version, 3);
  ok(!JSON.stringify(user).includes("factors"));
  equal((await browser.refresh(tokens.refresh_token)).status, 400);
  equal((await browser.post(await browser.openForm(), { email, password })).status, 303);
  const again = await server.call("POST", path, { token: admin });
  equal((await again.json()).version, 3);
});

Deno.test("an admin does not reset their own factors", async () => {
  await using server = await AuthServer.open();
  const id = await server.addUser("root@example.com", password, ["admin"]);
  const { access_token: token } = await new Browser(server).tokens("root@example.com", password);
  const response = await server.call("POST", `/users/${id}/reset-factors`, { token });
  equal(response.status, 409);
  notEqual((await response.json()).type, undefined);
});
