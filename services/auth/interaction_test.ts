import { equal, match, ok } from "node:assert/strict";
import { AuthServer } from "./testing/auth_server.ts";
import { Browser, disable, type Tokens } from "./testing/browser.ts";

const email = "ada@example.com";
const password = "correct horse battery";

Deno.test("a browser that is signed in gets another code without a form", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  const first = await browser.tokens(email, password);
  const again = await browser.get(await browser.authorizationUrl());
  const code = new URL(again.headers.get("location")!).searchParams.get("code")!;
  equal((await browser.redeem(code)).status, 200);
  // Both are of one session and one grant: neither ends the other.
  equal((await browser.refresh(first.refresh_token)).status, 200);
});

Deno.test("consent that is asked for is given for the platform's own clients", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  const scope = "openid offline_access";
  const code = await browser.signIn(email, password, { scope, prompt: "consent" });
  const response = await browser.redeem(code);
  equal(response.status, 200);
  equal((await response.json() as Tokens).scope, scope);
});

const strangers = { "client_id": "stranger", "redirect_uri": "https://stranger.example/callback" };

Deno.test("another's client is given what the person allows, and nothing before", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  const form = await browser.openForm({ ...strangers, scope: "openid email" });
  const asked = await browser.follow(await browser.post(form, { email, password }));
  equal(asked.status, 200);
  match(asked.headers.get("content-security-policy")!, /form-action 'self' https:\/\/stranger/);
  const page = await asked.text();
  match(page, /<strong>A stranger&#39;s shop<\/strong> wants to use your account/);
  match(page, /Your answer goes to <strong>stranger\.example<\/strong>/);
  match(page, /See your e-mail address/);
  ok(!page.includes("See your name"));

  const answered = await browser.follow(await browser.post(browser.at, { consent: "allow" }));
  const location = new URL(answered.headers.get("location")!);
  equal(location.origin, "https://stranger.example");
  ok(location.searchParams.get("code"));
});

Deno.test("another's client is told when the person does not allow it, and gets no code", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  await browser.follow(await browser.post(await browser.openForm(strangers), { email, password }));
  equal((await browser.post(browser.at, { consent: "perhaps" })).status, 200);
  const answered = await browser.follow(await browser.post(browser.at, { consent: "deny" }));
  const { searchParams } = new URL(answered.headers.get("location")!);
  equal(searchParams.get("error"), "access_denied");
  equal(searchParams.get("code"), null);
});

Deno.test("a form that another site made up is refused, by what the browser says of it", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  const form = await browser.openForm();
  const foreign = [
    { origin: "https://evil.example" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site", origin: "https://localhost:8443" },
  ];
  for (const headers of foreign) {
    equal((await browser.post(form, { email, password }, headers)).status, 403);
  }
  const own = { origin: "https://localhost:8443", "sec-fetch-site": "same-origin" };
  equal((await browser.post(form, { email, password }, own)).status, 303);
});

Deno.test("wrong password, unknown address and disabled user are told the same, for the same work", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const disabledId = await server.addUser("gone@example.com", password);
  await disable(server, disabledId);
  const browser = new Browser(server);
  const texts = new Set<string>();
  const attempts = [[email, "wrong password"], ["nobody@example.com", password], [
    "gone@example.com",
    password,
  ]] as const;
  const form = await browser.openForm();
  for (const [address, typed] of attempts) {
    const before = server.hashes;
    const response = await browser.post(form, { email: address, password: typed });
    equal(response.status, 422);
    equal(server.hashes - before, 1);
    texts.add((await response.text()).replaceAll(address, "*"));
  }
  equal(texts.size, 1);
});

Deno.test("failed sign-ins slow down, and waiting helps", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  const form = await browser.openForm();
  for (let failures = 0; failures < 5; failures++) {
    equal((await browser.post(form, { email, password: "wrong password" })).status, 422);
  }
  const slowed = await browser.post(form, { email, password });
  equal(slowed.status, 429);
  equal(slowed.headers.get("retry-after"), "1");
  server.now = new Date(server.now.getTime() + 1_000);
  equal((await browser.post(form, { email, password })).status, 303);
});

Deno.test("the form shows nothing typed by others as markup, and may go on to its client alone", async () => {
  await using server = await AuthServer.open();
  const browser = new Browser(server);
  const form = await browser.openForm({ login_hint: '"><script>alert(1)</script>' });
  const response = await browser.get(form);
  const policy = response.headers.get("content-security-policy")!;
  match(policy, /form-action 'self' https:\/\/localhost:8443$/);
  match(policy, /frame-ancestors 'none'/);
  equal(response.headers.get("cache-control"), "no-store");
  ok(!(await response.text()).includes("<script>"));
});

Deno.test("a form without its cookie, or of another sign-in, has expired", async () => {
  await using server = await AuthServer.open();
  const form = await new Browser(server).openForm();
  const stranger = new Browser(server);
  equal((await stranger.get(form)).status, 400);
  equal((await stranger.post(form, { email, password })).status, 400);

  const own = new Browser(server);
  await own.openForm();
  equal((await own.get(form, true)).status, 400);
});
