import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { type Account, changedProfile, UserId } from "./domain/mod.ts";
import type { Artifact } from "./ports.ts";
import { AuthServer, issuer, redirectUri } from "./testing/auth_server.ts";
import { Browser, disable, type Tokens } from "./testing/browser.ts";
import { graceMs } from "./refresh_grace.ts";

const email = "ada@example.com";
const password = "correct horse battery";

Deno.test("a person signs in through the form and gets tokens for the code and its verifier", async () => {
  await using server = await AuthServer.open();
  const id = await server.addUser(email, password, ["customer", "orders"]);
  const browser = new Browser(server);
  const form = await browser.openForm();
  const shown = await browser.get(form);
  equal(shown.status, 200);
  match(await shown.text(), /<form method="post">[^]*name="email"[^]*name="password"/);

  const posted = await browser.post(form, { email, password });
  equal(posted.status, 303);
  const done = await browser.follow(posted);
  const callback = new URL(done.headers.get("location")!);
  equal(callback.searchParams.get("state"), "the-state");
  equal(callback.searchParams.get("iss"), issuer);

  const response = await browser.redeem(callback.searchParams.get("code")!);
  equal(response.status, 200);
  equal(response.headers.get("cache-control"), "no-store");
  const tokens: Tokens = await response.json();
  equal(tokens.token_type, "Bearer");
  equal(tokens.expires_in, 300);
  const { typ, alg, kid } = decodeProtectedHeader(tokens.access_token);
  deepEqual({ typ, alg, kid }, { typ: "at+jwt", alg: "ES256", kid: "test" });
  const { iat, exp, jti, ...claims } = decodeJwt(tokens.access_token);
  equal(exp! - iat!, 300);
  ok(jti);
  deepEqual(claims, {
    iss: issuer,
    aud: "https://localhost:8443",
    sub: id,
    client_id: "sallyport-web",
    scope: "openid profile email",
    security_version: 0,
    roles: ["customer", "orders"],
  });
  equal(decodeJwt(tokens.id_token!).aud, "sallyport-web");

  const me = await server.call("GET", "/users/me", { token: tokens.access_token });
  equal(me.status, 200);
  equal((await me.json()).email, email);
  const userinfo = await server.call("GET", "/oidc/me", { token: tokens.access_token });
  deepEqual(await userinfo.json(), { sub: id, name: "Somebody", email });
});

Deno.test("whoever asks for no scope gets the one for the API, and keeps it", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  const code = await browser.signIn(email, password, { scope: undefined });
  const tokens: Tokens = await (await browser.redeem(code)).json();
  equal(tokens.scope, "api");
  equal(tokens.id_token, undefined);
  const refreshed: Tokens = await (await browser.refresh(tokens.refresh_token)).json();
  equal(refreshed.scope, "api");
});

Deno.test("a refresh token works once, and brings a new one and the roles of now", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  const first = await browser.tokens(email, password);
  const response = await browser.refresh(first.refresh_token);
  equal(response.status, 200);
  const second: Tokens = await response.json();
  notEqual(second.refresh_token, first.refresh_token);
  equal((await browser.refresh(second.refresh_token)).status, 200);
});

Deno.test("a refresh token used again after the grace revokes all that came of its grant", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  const first = await browser.tokens(email, password);
  const second: Tokens = await (await browser.refresh(first.refresh_token)).json();

  server.now = new Date(server.now.getTime() + graceMs);
  const replay = await browser.refresh(first.refresh_token);
  equal(replay.status, 400);
  equal((await replay.json()).error, "invalid_grant");
  equal((await browser.refresh(second.refresh_token)).status, 400);
});

Deno.test("of fifty concurrent uses of a code one succeeds, and its fruit is revoked", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  const code = await browser.signIn(email, password);
  const answers = await Promise.all(Array.from({ length: 50 }, () => browser.redeem(code)));
  const successes = answers.filter(({ status }) => status === 200);
  equal(successes.length, 1);
  const won: Tokens = await successes[0]!.json();
  equal((await browser.refresh(won.refresh_token)).status, 400);
});

Deno.test("nothing that opens a door is kept as it is", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const kept: string[] = [];
  const { grants } = server.stores;
  const put = grants.put.bind(grants);
  grants.put = (artifact) => {
    kept.push(JSON.stringify(artifact));
    return put(artifact);
  };
  const browser = new Browser(server);
  const code = await browser.signIn(email, password);
  const tokens: Tokens = await (await browser.redeem(code)).json();
  const again = await browser.get(await browser.authorizationUrl({ prompt: "login" }));
  equal(again.status, 303);
  const text = kept.join("\n");
  ok(text.includes("RefreshToken") && text.includes("AuthorizationCode"));
  for (const secret of [code, tokens.refresh_token, tokens.access_token, browser.sessionId]) {
    ok(secret.length > 20);
    ok(!text.includes(secret));
  }
});

Deno.test("a revoked refresh token is of no more use", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  const { refresh_token: token } = await browser.tokens(email, password);
  const form = { "client_id": "sallyport-web", token };
  equal((await server.post("/oidc/token/revocation", form)).status, 200);
  equal((await browser.refresh(token)).status, 400);
});

Deno.test("a machine gets a token of its own by its secret alone", async () => {
  await using server = await AuthServer.open();
  const response = await server.machineToken();
  equal(response.status, 200);
  const { access_token: token } = await response.json() as Tokens;
  const { sub, client_id, roles, scope, aud } = decodeJwt(token);
  deepEqual({ sub, client_id, roles, scope, aud }, {
    sub: "demo-machine",
    client_id: "demo-machine",
    roles: ["payment"],
    scope: "api",
    aud: "https://localhost:8443",
  });
  equal((await server.call("GET", "/users/me", { token })).status, 404);

  const refused = await server.post("/oidc/token", { grant_type: "client_credentials" }, {
    headers: { authorization: `Basic ${btoa("demo-machine:wrong")}` },
  });
  equal(refused.status, 401);
  equal((await refused.json()).error, "invalid_client");
});

Deno.test("a request without PKCE, or with its plain form, is refused", async () => {
  await using server = await AuthServer.open();
  const browser = new Browser(server);
  const without = { "code_challenge": undefined, "code_challenge_method": undefined };
  for (const changes of [without, { code_challenge_method: "plain" }]) {
    const response = await browser.get(await browser.authorizationUrl(changes));
    const location = new URL(response.headers.get("location")!);
    equal(location.origin + location.pathname, redirectUri);
    equal(location.searchParams.get("error"), "invalid_request");
  }
});

Deno.test("a code is of no use without its verifier", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  const code = await browser.signIn(email, password);
  equal((await browser.redeem(code, "x".repeat(43))).status, 400);
});

Deno.test("a disabled user gets no token by refreshing, and no code by an open session", async () => {
  await using server = await AuthServer.open();
  const id = await server.addUser(email, password);
  const browser = new Browser(server);
  const { refresh_token } = await browser.tokens(email, password);
  await disable(server, id);
  const refused = await browser.refresh(refresh_token);
  equal(refused.status, 400);
  equal((await refused.json()).error, "invalid_grant");
  await browser.openForm();
});

Deno.test("a user whose disabling crashed half-way gets no token either", async () => {
  await using server = await AuthServer.open();
  const id = await server.addUser(email, password);
  const browser = new Browser(server);
  const { refresh_token } = await browser.tokens(email, password);
  server.stores.grants.revokeOwner = () => Promise.resolve();
  await disable(server, id);
  equal((await browser.refresh(refresh_token)).status, 400);
  await browser.openForm();
});

Deno.test("a session and a refresh token that come back after a new password are worth nothing", async () => {
  await using server = await AuthServer.open();
  const id = await server.addUser(email, password);
  const { grants, users } = server.stores;
  const kept: Artifact[] = [];
  const put = grants.put.bind(grants);
  grants.put = (artifact) => {
    kept.push(artifact);
    return put(artifact);
  };
  const browser = new Browser(server);
  const { refresh_token } = await browser.tokens(email, password);
  server.now = new Date(Date.now() + 5_000);
  const change = (account: Account) =>
    changedProfile(account, { passwordHash: account.passwordHash }, server.now);
  await users.update(UserId.parse(id), "any", change, { revokesGrants: true });
  // What a request that was under way does at its end: it saves what it had read before.
  for (const artifact of kept) await put(artifact);
  equal((await browser.refresh(refresh_token)).status, 400);
  await browser.openForm();
});
