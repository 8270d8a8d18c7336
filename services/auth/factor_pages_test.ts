import { deepEqual, equal, match, ok } from "node:assert/strict";
import { TOTP } from "otpauth";
import { factorsOf, passkeysMax, recoveryCodesCount } from "./domain/mod.ts";
import { recentSeconds } from "./factor_pages.ts";
import { paths } from "./page_paths.ts";
import { AuthServer } from "./testing/auth_server.ts";
import { Authenticator } from "./testing/authenticator.ts";
import { Browser } from "./testing/browser.ts";
import { enrolPasskey } from "./testing/factors.ts";
import { setupMs } from "./totp_setups.ts";

const email = "ada@example.com";
const password = "correct horse battery";

interface Scene extends AsyncDisposable {
  readonly server: AuthServer;
  readonly browser: Browser;
  readonly id: string;
  readonly formToken: string;
  /** Sends a form of the page. */
  send(fields: Readonly<Record<string, string>>): Promise<Response>;
  /** What is kept of the account's factors. */
  kept(): Promise<ReturnType<typeof factorsOf>>;
}

/** Somebody who has just signed in, at the page on how they do. */
async function openScene(): Promise<Scene> {
  const server = await AuthServer.open();
  const id = await server.addUser(email, password);
  const browser = new Browser(server);
  const formToken = tokenIn(await browser.openAccount(paths.factors, email, password));
  return {
    server,
    browser,
    id,
    formToken,
    send: (fields) => browser.post(paths.factors, { "form_token": formToken, ...fields }),
    kept: async () => factorsOf((await server.stores.users.find(id, "any"))!),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function tokenIn(page: string): string {
  return /name="form_token" value="([^"]+)"/.exec(page)![1]!;
}

function secretIn(page: string): string {
  return /<span class="code secret">([^<]+)</.exec(page)![1]!.replaceAll(" ", "");
}

function codesIn(page: string): readonly string[] {
  return [...page.matchAll(/<li class="code">([^<]+)</g)].map(([, code]) => code!);
}

function codeOf(secret: string, at: Date): string {
  return new TOTP({ secret }).generate({ timestamp: at.getTime() });
}

async function creation({ browser, formToken }: Scene): Promise<Response> {
  return await browser.post(paths.passkeyCreation, { "form_token": formToken });
}

function later(server: AuthServer, ms: number): void {
  server.now = new Date(server.now.getTime() + ms);
}

Deno.test("an app is set up by a code of it, and recovery codes are shown, once", async () => {
  await using scene = await openScene();
  const { server, browser, send } = scene;
  const setup = await (await send({ action: "begin_totp" })).text();
  match(setup, /<svg [^]*<path /);
  const secret = secretIn(setup);
  match(setup, new RegExp(`href="otpauth://totp/[^"]*secret=${secret}`));
  const done = await send({ confirm: codeOf(secret, server.now) });
  equal(done.status, 200);
  const codes = codesIn(await done.text());
  equal(codes.length, recoveryCodesCount);
  const page = await (await browser.get(paths.factors)).text();
  match(page, /Remove the app[^]*10 of 10 are left/);
  ok(codes.every((code) => !page.includes(code)) && !page.includes(secret));
  match((await server.mailbox.next(email)).subject, /authenticator app was added/);

  const next = new Browser(server);
  const form = await next.openForm();
  equal((await next.post(form, { email, password })).status, 200);
  const reused = await next.post(form, { code: codeOf(secret, server.now) });
  equal(reused.status, 422, "the code that confirmed the app is used up");
  later(server, 30_000);
  equal((await next.post(form, { code: codeOf(secret, server.now) })).status, 303);
});

Deno.test("a wrong code does not confirm an app, and the same key is shown again", async () => {
  await using scene = await openScene();
  const secret = secretIn(await (await scene.send({ action: "begin_totp" })).text());
  const response = await scene.send({ confirm: "000000" });
  equal(response.status, 422);
  equal(secretIn(await response.text()), secret);
  deepEqual((await scene.kept()).totp, undefined);
});

Deno.test("an app is confirmed in the session that set it up, and in time", async () => {
  await using scene = await openScene();
  const { server } = scene;
  const secret = secretIn(await (await scene.send({ action: "begin_totp" })).text());
  const other = new Browser(server);
  const formToken = tokenIn(await other.openAccount(paths.factors, email, password));
  const form = { "form_token": formToken, confirm: codeOf(secret, server.now) };
  match(await (await other.post(paths.factors, form)).text(), /took too long/);
  later(server, setupMs);
  const late = await scene.send({ confirm: codeOf(secret, server.now) });
  match(await late.text(), /took too long/);
  equal((await scene.kept()).totp, undefined);
});

Deno.test("a passkey is added by what the browser has made, renamed and removed", async () => {
  await using scene = await openScene();
  const { server, browser, send } = scene;
  const key = await Authenticator.make();
  const options = await (await creation(scene)).json();
  deepEqual(options.rp, { id: "localhost", name: "Sallyport" });
  const done = await send({ name: "Work laptop", passkey: await key.create(options) });
  equal(codesIn(await done.text()).length, recoveryCodesCount);
  match(await (await browser.get(paths.factors)).text(), /Work laptop/);
  match((await server.mailbox.next(email)).subject, /passkey was added/);

  equal((await send({ rename: key.id, name: "<b>Home" })).status, 303);
  match(await (await browser.get(paths.factors)).text(), /&lt;b&gt;Home/);
  equal((await send({ remove: key.id })).status, 303);
  match((await server.mailbox.next(email)).subject, /passkey was removed/);
  equal((await scene.kept()).passkeys.length, 0);
  equal((await scene.kept()).recoveryCodes.length, 0);
});

Deno.test("what a browser has made is taken once, in the session that asked", async () => {
  await using scene = await openScene();
  const { server, send } = scene;
  const key = await Authenticator.make();
  const passkey = await key.create(await (await creation(scene)).json());
  const other = new Browser(server);
  const formToken = tokenIn(await other.openAccount(paths.factors, email, password));
  const form = { "form_token": formToken, name: "Mine", passkey };
  equal((await other.post(paths.factors, form)).status, 422);
  equal((await send({ name: "Mine", passkey })).status, 200);
  const again = await send({ name: "Mine", passkey });
  equal(again.status, 422);
  match(await again.text(), /The passkey was not accepted/);
});

Deno.test("new recovery codes make those before void", async () => {
  await using scene = await openScene();
  const { server, id, send } = scene;
  await enrolPasskey(server, id, await Authenticator.make());
  const before = (await scene.kept()).recoveryCodes;
  const codes = codesIn(await (await send({ action: "renew_recovery_codes" })).text());
  equal(codes.length, recoveryCodesCount);
  const { recoveryCodes } = await scene.kept();
  equal(new Set([...before, ...recoveryCodes]).size, 2 * recoveryCodesCount);
});

Deno.test("an app that is there is removed, and not set up a second time", async () => {
  await using scene = await openScene();
  const { server, send } = scene;
  const secret = secretIn(await (await send({ action: "begin_totp" })).text());
  await send({ confirm: codeOf(secret, server.now) });
  equal((await send({ action: "begin_totp" })).status, 409);
  equal((await send({ action: "remove_totp" })).status, 303);
  equal((await scene.kept()).totp, undefined);
});

Deno.test("who signed in some time ago signs in again before anything is changed", async () => {
  await using scene = await openScene();
  const { server, id, browser, send } = scene;
  const key = await Authenticator.make();
  await enrolPasskey(server, id, key);
  later(server, (recentSeconds + 60) * 1_000);
  const page = await (await browser.get(paths.factors)).text();
  match(page, /sign in again/);
  ok(!page.includes("Remove") && !page.includes("Add a passkey"));
  const forms = [
    { action: "begin_totp" },
    { action: "remove_totp" },
    { action: "renew_recovery_codes" },
    { remove: key.id },
  ];
  for (const form of forms) {
    const response = await send(form);
    equal(response.status, 303);
    const location = new URL(response.headers.get("location")!, "https://localhost:8443");
    equal(location.searchParams.get("max_age"), String(recentSeconds));
  }
  const options = await creation(scene);
  equal(options.status, 403);
  equal((await options.json()).detail, "Sign in again to add a passkey.");
  equal((await scene.kept()).passkeys.length, 1);
});

Deno.test("a form from elsewhere, or without its token, changes nothing", async () => {
  await using scene = await openScene();
  const { server, id, browser, formToken } = scene;
  const key = await Authenticator.make();
  await enrolPasskey(server, id, key);
  for (const path of [paths.factors, paths.passkeyCreation]) {
    equal((await browser.post(path, { remove: key.id })).status, 403);
    const foreign = { "sec-fetch-site": "cross-site" };
    const form = { "form_token": formToken, remove: key.id };
    equal((await browser.post(path, form, foreign)).status, 403);
    equal((await new Browser(server).post(path, form)).status, 303);
  }
  equal((await scene.kept()).passkeys.length, 1);
});

Deno.test("a sign-in that has ended meanwhile changes nothing", async () => {
  await using scene = await openScene();
  const { server, id, send } = scene;
  const secret = secretIn(await (await send({ action: "begin_totp" })).text());
  const { users } = server.stores;
  const find = users.find.bind(users);
  users.find = async (...of) => {
    const account = await find(...of);
    // Just after it was read, somebody signs the person out everywhere.
    await users.update(account!.id, "any", (current) => ({
      account: { ...current, signInsValidFrom: server.now.toISOString() },
      event: undefined,
    }));
    return account;
  };
  equal((await send({ confirm: codeOf(secret, server.now) })).status, 409);
  users.find = find;
  equal((await find(id, "any"))?.factors, undefined);
});

Deno.test("there are no more passkeys than may be", async () => {
  await using scene = await openScene();
  const { server, id, browser, send } = scene;
  for (let n = 1; n < passkeysMax; n++) await enrolPasskey(server, id, await Authenticator.make());
  const key = await Authenticator.make();
  const passkey = await key.create(await (await creation(scene)).json());
  await enrolPasskey(server, id, await Authenticator.make());
  const response = await send({ name: "One more", passkey });
  equal(response.status, 409);
  const page = await response.text();
  match(page, /There are 10 passkeys already/);
  ok(!page.includes("data-passkey"));
  equal((await browser.get(paths.factors)).status, 200);
});

Deno.test("a passkey has a name, and not too long a one", async () => {
  await using scene = await openScene();
  const { send } = scene;
  const key = await Authenticator.make();
  await enrolPasskey(scene.server, scene.id, key);
  for (const name of ["", "   ", "x".repeat(65)]) {
    equal((await send({ rename: key.id, name })).status, 422);
  }
});

Deno.test("scripts run on pages that need one, and are ours", async () => {
  await using scene = await openScene();
  const { browser } = scene;
  const policyOf = async (path: string) =>
    (await browser.get(path)).headers.get("content-security-policy")!;
  match(await policyOf(paths.factors), /script-src 'self';/);
  ok(!(await policyOf(paths.account)).includes("script-src"));
  const script = await browser.get(paths.passkeysScript);
  equal(script.headers.get("content-type"), "text/javascript; charset=utf-8");
  match(await script.text(), /navigator\.credentials/);
});

Deno.test("an admin's reset is told to the account's owner", async () => {
  await using scene = await openScene();
  const { server, id } = scene;
  await enrolPasskey(server, id, await Authenticator.make());
  await server.addUser("root@example.com", password, ["admin"]);
  const { access_token: token } = await new Browser(server).tokens("root@example.com", password);
  equal((await server.call("POST", `/users/${id}/reset-factors`, { token })).status, 200);
  match((await server.mailbox.next(email)).text, /an administrator removed/);
});
