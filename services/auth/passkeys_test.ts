import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { decodeJwt } from "jose";
import { factorsOf, UserId } from "./domain/mod.ts";
import { challengeMs } from "./passkey_challenges.ts";
import { Passkeys } from "./passkeys.ts";
import { AuthServer, issuer } from "./testing/auth_server.ts";
import { Authenticator, type Lies } from "./testing/authenticator.ts";
import { Browser, disable, type Tokens } from "./testing/browser.ts";
import { enrolPasskey } from "./testing/factors.ts";

const email = "ada@example.com";
const password = "correct horse battery";

interface Scene extends AsyncDisposable {
  readonly server: AuthServer;
  readonly browser: Browser;
  readonly id: string;
  readonly key: Authenticator;
  /** Signs in by `key`. */
  signIn(lies?: Lies): Promise<Response>;
}

async function openScene({ isSynced = false, made = {} as Lies } = {}): Promise<Scene> {
  const server = await AuthServer.open();
  const id = await server.addUser(email, password);
  const key = await Authenticator.make({ isSynced });
  await enrolPasskey(server, id, key, made);
  const browser = new Browser(server);
  return {
    server,
    browser,
    id,
    key,
    async signIn(lies = {}) {
      const form = await browser.openForm({ prompt: "login" });
      return await browser.post(form, {
        passkey: await key.get(await options(browser, form), lies),
      });
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function options(browser: Browser, form: string) {
  const response = await browser.post(`${form}/passkey`, {});
  equal(response.status, 200, await response.clone().text());
  return await response.json();
}

async function amrOf(browser: Browser, response: Response): Promise<unknown> {
  equal(response.status, 303);
  const done = await browser.follow(response);
  const code = new URL(done.headers.get("location")!).searchParams.get("code")!;
  const tokens: Tokens = await (await browser.redeem(code)).json();
  return decodeJwt(tokens.id_token!)["amr"];
}

Deno.test("a passkey signs in without a password, and is two factors", async () => {
  await using scene = await openScene();
  const { server, id, browser, signIn } = scene;
  deepEqual(await amrOf(browser, await signIn()), ["hwk", "user", "mfa"]);
  const [passkey] = factorsOf((await server.stores.users.find(id, "any"))!).passkeys;
  equal(passkey?.counter, 1);
  equal(passkey?.lastUsedAt, server.now.toISOString());
});

Deno.test("a passkey that can be copied is no hardware key", async () => {
  await using scene = await openScene({ isSynced: true });
  deepEqual(await amrOf(scene.browser, await scene.signIn()), ["swk", "user", "mfa"]);
});

Deno.test("a passkey after the password need not know its owner", async () => {
  await using scene = await openScene();
  const { browser, key } = scene;
  const form = await browser.openForm();
  match(await (await browser.post(form, { email, password })).text(), /data-passkey="get"/);
  const asked = await options(browser, form);
  deepEqual(asked.allowCredentials.map(({ id }: { id: string }) => id), [key.id]);
  const response = await browser.post(form, {
    passkey: await key.get(asked, { isUnverified: true }),
  });
  deepEqual(await amrOf(browser, response), ["pwd", "hwk", "user", "mfa"]);
});

for (const algorithm of ["ES256", "EdDSA", "RS256"] as const) {
  Deno.test(`a passkey of ${algorithm} is made and signs in`, async () => {
    await using server = await AuthServer.open();
    const id = await server.addUser(email, password);
    const key = await Authenticator.make({ algorithm });
    await enrolPasskey(server, id, key);
    const browser = new Browser(server);
    const form = await browser.openForm();
    const asked = await options(browser, form);
    const forged = await key.get(asked, { isForged: true });
    equal((await browser.post(form, { passkey: forged })).status, 422);
    const passkey = await key.get(await options(browser, form));
    equal((await browser.post(form, { passkey })).status, 303);
  });
}

const lies: Readonly<Record<string, Lies>> = {
  "of another origin": { origin: "https://localhost:9443" },
  "of an origin that only begins like ours": { origin: "https://localhost:8443.evil.example" },
  "asked for through a frame of another site": { crossOrigin: true },
  "for another site's host": { rpId: "evil.example" },
  "that was made for a registration": { type: "webauthn.create" },
  "to a challenge of their own": { challenge: "bm90IG9uZSBvZiBvdXJz" },
  "that did not ask who is there": { isUnverified: true },
  "in somebody else's name": { userHandle: "7b1f3f0c-9d0e-4e2a-8f37-0a4c9a0d6c11" },
  "in nobody's name": { userHandle: "" },
  "whose signature is changed": { isForged: true },
};
for (const [which, lie] of Object.entries(lies)) {
  Deno.test(`an answer ${which} signs nobody in`, async () => {
    await using scene = await openScene();
    const response = await scene.signIn(lie);
    equal(response.status, 422);
    match(await response.text(), /The passkey was not accepted[^]*name="password"/);
    equal((await scene.signIn()).status, 303);
  });
}

Deno.test("a key that the account does not have signs nobody in", async () => {
  await using scene = await openScene();
  const { server, browser } = scene;
  const strange = await Authenticator.make();
  await enrolPasskey(server, await server.addUser("eve@example.com", password), strange);
  const form = await browser.openForm();
  const lie = { userHandle: scene.id };
  const passkey = await strange.get(await options(browser, form), lie);
  equal((await browser.post(form, { passkey })).status, 422);
});

Deno.test("an answer signs in once, also in its own visit", async () => {
  await using scene = await openScene({ isSynced: true });
  const { browser, key } = scene;
  const form = await browser.openForm();
  const passkey = await key.get(await options(browser, form));
  equal((await browser.post(form, { passkey })).status, 303);
  equal((await browser.post(form, { passkey })).status, 422);
});

Deno.test("of fifty uses of an answer at a time one signs in", async () => {
  await using scene = await openScene({ isSynced: true });
  const { browser, key } = scene;
  const form = await browser.openForm();
  const passkey = await key.get(await options(browser, form));
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => browser.post(form, { passkey })),
  );
  equal(answers.filter(({ status }) => status === 303).length, 1);
});

Deno.test("an answer is good in the visit that it was asked for in, and at its step", async () => {
  await using scene = await openScene();
  const { server, browser, key } = scene;
  const form = await browser.openForm();
  const passkey = await key.get(await options(browser, form));
  const other = new Browser(server);
  equal((await other.post(await other.openForm(), { passkey })).status, 422);
  equal((await browser.post(form, { email, password })).status, 200);
  equal((await browser.post(form, { passkey })).status, 422);
});

Deno.test("a challenge ends", async () => {
  await using scene = await openScene();
  const { server, browser, key } = scene;
  const form = await browser.openForm();
  const passkey = await key.get(await options(browser, form));
  server.now = new Date(server.now.getTime() + challengeMs);
  equal((await browser.post(form, { passkey })).status, 422);
});

Deno.test("a copy of a key that has counted on is told, and refused", async () => {
  await using scene = await openScene();
  const { signIn, key } = scene;
  equal((await signIn({ counter: 7 })).status, 303);
  const response = await signIn({ counter: 7 });
  equal(response.status, 422);
  match(await response.text(), /There seems to be a copy of this passkey/);
  equal((await signIn({ counter: 8 })).status, 303);
  equal(key.counter, 3);
});

Deno.test("a disabled user's passkey signs nobody in", async () => {
  await using scene = await openScene();
  await disable(scene.server, scene.id);
  equal((await scene.signIn()).status, 422);
});

Deno.test("what is no answer of a browser is refused like any other", async () => {
  await using scene = await openScene();
  const { browser } = scene;
  const form = await browser.openForm();
  const id = "aWQ";
  const noBase64 = { clientDataJSON: "a", authenticatorData: "a", signature: "a" };
  const answers = [
    "",
    "{",
    "[]",
    "null",
    JSON.stringify({ id, rawId: id, type: "public-key", response: {} }),
    JSON.stringify({ id, rawId: id, type: "public-key", response: noBase64 }),
    `{"__proto__":{"id":"${id}"}}`,
  ];
  for (const passkey of answers) {
    equal((await browser.post(form, { passkey })).status, 422, passkey);
  }
});

Deno.test("a passkey is made for the session that asked, once, and told which there are already", async () => {
  await using scene = await openScene();
  const { server, id, key } = scene;
  const { users, grants } = server.stores;
  const passkeys = new Passkeys({ issuer, users, grants, now: () => server.now });
  const account = (await users.find(id, { owner: id }))!;
  const options = await passkeys.creationOptions(account, "one session");
  deepEqual(options.excludeCredentials?.map((known) => known.id), [key.id]);
  equal(options.attestation, "none");
  deepEqual(options.pubKeyCredParams.map(({ alg }) => alg), [-8, -7, -257]);
  const json = await (await Authenticator.make()).create(options);
  const named = { account, name: "Phone" };
  const refused = { code: "passkey_refused" };
  await rejects(passkeys.created(json, { ...named, session: "another session" }), refused);
  const made = await passkeys.created(json, { ...named, session: "one session" });
  equal(made.name, "Phone");
  await rejects(passkeys.created(json, { ...named, session: "one session" }), refused);
});

for (
  const which of ["of another origin", "for another site's host", "to a challenge of their own"]
) {
  Deno.test(`a new passkey ${which} is refused`, async () => {
    await using server = await AuthServer.open();
    const id = await server.addUser(email, password);
    const key = await Authenticator.make();
    await rejects(enrolPasskey(server, id, key, lies[which]), { code: "passkey_refused" });
    equal((await server.stores.users.find(UserId.parse(id), "any"))?.factors, undefined);
  });
}
