import { equal, match, ok } from "node:assert/strict";
import { AuthServer } from "./testing/auth_server.ts";
import { Browser, disable } from "./testing/browser.ts";

const email = "ada@example.com";
const password = "correct horse battery";
const another = "a fountain of small stones";
const stranger = { "client_id": "stranger", "redirect_uri": "https://stranger.example/callback" };

Deno.test("who is not signed in signs in on the way to the account, and is there afterwards", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  const page = await browser.openAccount("/oidc/account", email, password);
  match(page, /<dd>ada@example\.com<\/dd>/);
  match(browser.at, /\/oidc\/account(\?|$)/);
  ok(!new URL(browser.at, "https://localhost").searchParams.has("code"), "no code goes around");
  equal((await browser.get("/oidc/account/sessions")).status, 200);
});

Deno.test("a session that was taken away or is of a disabled account shows nothing", async () => {
  await using server = await AuthServer.open();
  const id = await server.addUser(email, password);
  const browser = new Browser(server);
  await browser.openAccount("/oidc/account", email, password);
  await disable(server, id);
  equal((await browser.get("/oidc/account")).status, 303);
});

Deno.test("a name is changed, and one that is none is not", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  await browser.openAccount("/oidc/account", email, password);
  equal((await browser.fill("/oidc/account", { name: "Ada Lovelace" })).status, 303);
  equal((await server.stores.users.findByEmail(email))!.name, "Ada Lovelace");
  const refused = await browser.fill("/oidc/account", { name: " " });
  equal(refused.status, 422);
  match(await refused.text(), /id="name-fault"/);
});

Deno.test("a password is changed by who knows the current one, which signs out everywhere and is told", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const [here, elsewhere] = [new Browser(server), new Browser(server)];
  await here.openAccount("/oidc/account", email, password);
  const tokens = await elsewhere.tokens(email, password);
  const change = (fields: Record<string, string>) => here.fill("/oidc/account/password", fields);

  const wrong = await change({ current: "not the one", password: another });
  equal(wrong.status, 422);
  match(await wrong.text(), /id="current-fault"/);
  const weak = await change({ current: password, password: "password1234" });
  match(await weak.text(), /id="password-fault"/);

  equal((await change({ current: password, password: another })).status, 200);
  match((await server.mailbox.next(email)).subject, /password was changed/);
  equal((await here.get("/oidc/account")).status, 303);
  equal((await elsewhere.refresh(tokens.refresh_token)).status, 400);
  ok(await new Browser(server).signIn(email, another));
});

Deno.test("guesses at the current password are slowed down", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  await browser.openAccount("/oidc/account", email, password);
  const guess = () =>
    browser.fill("/oidc/account/password", { current: "a guess", password: another });
  for (let n = 0; n < 5; n++) equal((await guess()).status, 422);
  equal((await guess()).status, 429);
});

Deno.test("devices are listed with when, where and what, and one is signed out without the others", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const here = new Browser(server);
  const phone = new Browser(server, {
    "user-agent":
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
  });
  await here.openAccount("/oidc/account", email, password);
  const tokens = await phone.tokens(email, password);
  const page = await (await here.get("/oidc/account/sessions")).text();
  match(page, /An unknown program<span class="badge">this one<\/span>/);
  match(page, /Safari on iPhone<\/p><p class="quiet">Signed in on [^<]+ UTC<\/p>/);
  match(page, /Last seen on [^<]+, from 192\.0\.2\.1</);
  equal(page.match(/name="session"/g)!.length, 2);

  const uid = /Safari on iPhone[^]*?name="session" value="([^"]+)"/.exec(page)![1]!;
  equal((await here.fill("/oidc/account/sessions", { session: uid })).status, 303);
  equal((await phone.get("/oidc/account")).status, 303);
  equal((await phone.refresh(tokens.refresh_token)).status, 400);
  equal((await here.get("/oidc/account")).status, 200);
});

Deno.test("nobody signs out somebody else's device", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  await server.addUser("eve@example.com", password);
  const [ada, eve] = [new Browser(server), new Browser(server)];
  await ada.openAccount("/oidc/account", email, password);
  const page = await ada.openAccount("/oidc/account/sessions", email, password);
  const uid = /name="session" value="([^"]+)"/.exec(page)![1]!;
  await eve.openAccount("/oidc/account", "eve@example.com", password);
  await eve.fill("/oidc/account/sessions", { session: uid });
  equal((await ada.get("/oidc/account")).status, 200);
});

Deno.test("signing out everywhere ends sessions, refresh tokens and what others were allowed", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const [here, elsewhere] = [new Browser(server), new Browser(server)];
  await here.openAccount("/oidc/account", email, password);
  const tokens = await elsewhere.tokens(email, password);
  equal((await here.fill("/oidc/account/sessions", { everywhere: "yes" })).status, 200);
  for (const browser of [here, elsewhere]) {
    equal((await browser.get("/oidc/account")).status, 303);
  }
  equal((await elsewhere.refresh(tokens.refresh_token)).status, 400);
});

Deno.test("a form of another session, of another site or of nobody changes nothing", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const [one, two] = [new Browser(server), new Browser(server)];
  const page = await one.openAccount("/oidc/account", email, password);
  const token = /name="form_token" value="([^"]+)"/.exec(page)![1]!;
  await two.openAccount("/oidc/account", email, password);
  const forms = [{ name: "Eve" }, { name: "Eve", "form_token": token }];
  for (const form of forms) equal((await two.post("/oidc/account", form)).status, 403);
  const foreign = { "sec-fetch-site": "cross-site" };
  equal((await one.fill("/oidc/account", { name: "Eve" }, foreign)).status, 403);
  equal((await new Browser(server).post("/oidc/account", forms[1]!)).status, 303);
  equal((await server.stores.users.findByEmail(email))!.name, "Somebody");
});

Deno.test("what was allowed is remembered in other browsers, listed, and taken back", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const first = new Browser(server);
  await first.follow(await first.post(await first.openForm(stranger), { email, password }));
  const allowed = await first.follow(await first.post(first.at, { consent: "allow" }));
  match(allowed.headers.get("location")!, /[?&]code=/);

  const second = new Browser(server);
  const again = await second.follow(
    await second.post(await second.openForm(stranger), { email, password }),
  );
  match(again.headers.get("location")!, /[?&]code=/, "not asked again");
  const asking = await second.authorizationUrl({ ...stranger, prompt: "consent" });
  match(await (await second.follow(await second.get(asking))).text(), /Allow access\?/);

  const page = await second.openAccount("/oidc/account/applications", email, password);
  match(page, /A stranger&#39;s shop/);
  match(page, /See your e-mail address/);
  ok(!page.includes("sallyport-web"));
  equal((await second.fill("/oidc/account/applications", { client: "stranger" })).status, 303);
  match(await (await second.get("/oidc/account/applications")).text(), /no application access/);
  for (const browser of [first, second]) {
    const asked = await browser.follow(await browser.get(await browser.authorizationUrl(stranger)));
    match(await asked.text(), /Allow access\?/);
  }
});
