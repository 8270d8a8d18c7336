import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { AuthServer, Browser, issuer, redirectUri, type Tokens } from "./testing/auth_server.ts";

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
    roles: ["customer", "orders"],
  });
  equal(decodeJwt(tokens.id_token!).aud, "sallyport-web");

  const me = await server.call("GET", "/users/me", { token: tokens.access_token });
  equal(me.status, 200);
  equal((await me.json()).email, email);
  const userinfo = await server.call("GET", "/oidc/me", { token: tokens.access_token });
  deepEqual(await userinfo.json(), { sub: id, name: "Somebody", email });
});

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

Deno.test("a refresh token used again revokes all that came of its grant", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  const first = await browser.tokens(email, password);
  const second: Tokens = await (await browser.refresh(first.refresh_token)).json();

  const replay = await browser.refresh(first.refresh_token);
  equal(replay.status, 400);
  equal((await replay.json()).error, "invalid_grant");
  equal((await browser.refresh(second.refresh_token)).status, 400);
});

Deno.test("of fifty concurrent uses of a refresh token one succeeds, and its fruit is revoked", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  const { refresh_token } = await browser.tokens(email, password);
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => browser.refresh(refresh_token)),
  );
  const successes = answers.filter(({ status }) => status === 200);
  equal(successes.length, 1);
  deepEqual(new Set(answers.map(({ status }) => status)), new Set([200, 400]));
  const won: Tokens = await successes[0]!.json();
  equal((await browser.refresh(won.refresh_token)).status, 400);
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
  const { sub, client_id, roles, aud } = decodeJwt(token);
  deepEqual({ sub, client_id, roles, aud }, {
    sub: "demo-machine",
    client_id: "demo-machine",
    roles: ["payment"],
    aud: "https://localhost:8443",
  });
  equal((await server.call("GET", "/users/me", { token })).status, 404);

  const refused = await server.post("/oidc/token", { grant_type: "client_credentials" }, {
    headers: { authorization: `Basic ${btoa("demo-machine:wrong")}` },
  });
  equal(refused.status, 401);
  equal((await refused.json()).error, "invalid_client");
});

Deno.test("tokens name the issuer whatever host they were asked of", async () => {
  await using server = await AuthServer.open();
  const response = await server.fetch("https://auth:4001/oidc/.well-known/openid-configuration", {
    headers: { "x-forwarded-host": "evil.example", "x-forwarded-proto": "http" },
  });
  const discovered = await response.json();
  equal(discovered.issuer, issuer);
  equal(discovered.token_endpoint, `${issuer}/token`);
  equal(discovered.userinfo_endpoint, `${issuer}/me`);
  deepEqual(discovered.response_types_supported, ["code"]);
  deepEqual(discovered.code_challenge_methods_supported, ["S256"]);
  deepEqual(
    new Set(discovered.grant_types_supported),
    new Set([
      "authorization_code",
      "refresh_token",
      "client_credentials",
    ]),
  );
  const keys = await (await server.fetch("/oidc/jwks")).json();
  equal(keys.keys.length, 1);
  equal(keys.keys[0].d, undefined);
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

Deno.test("a redirect to an address that is not registered is refused on a page of our own", async () => {
  await using server = await AuthServer.open();
  const browser = new Browser(server);
  const response = await browser.get(
    await browser.authorizationUrl({ redirect_uri: "https://evil.example/callback" }),
  );
  equal(response.status, 400);
  equal(response.headers.get("location"), null);
  match(response.headers.get("content-security-policy")!, /default-src 'none'/);
  const text = await response.text();
  match(text, /invalid_redirect_uri/);
  ok(!text.includes("evil.example"));
});

Deno.test("another's client is refused without a form", async () => {
  await using server = await AuthServer.open();
  const browser = new Browser(server);
  const form = await browser.openForm({
    client_id: "stranger",
    redirect_uri: "https://stranger.example/callback",
  });
  const resumed = await browser.get((await browser.get(form)).headers.get("location")!);
  const location = new URL(resumed.headers.get("location")!);
  equal(location.origin, "https://stranger.example");
  equal(location.searchParams.get("error"), "access_denied");
});

Deno.test("wrong password, unknown address and disabled user are told the same", async () => {
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
  for (const [address, typed] of attempts) {
    const form = await browser.openForm();
    const response = await browser.post(form, { email: address, password: typed });
    equal(response.status, 422);
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
  ok(!(await response.text()).includes("<script"));
});

Deno.test("a form without its cookie, or of another sign-in, has expired", async () => {
  await using server = await AuthServer.open();
  const form = await new Browser(server).openForm();
  const stranger = new Browser(server);
  equal((await stranger.get(form)).status, 400);
  equal((await stranger.post(form, { email, password })).status, 400);
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

Deno.test("browsers of a client's own pages may ask for tokens, others may not", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const ask = (origin: string) =>
    server.post("/oidc/token", {
      grant_type: "refresh_token",
      client_id: "sallyport-web",
      refresh_token: "unknown",
    }, { headers: { origin } });
  const own = await ask("http://127.0.0.1:8400");
  equal(own.headers.get("access-control-allow-origin"), "http://127.0.0.1:8400");
  const other = await ask("https://evil.example");
  equal(other.headers.get("access-control-allow-origin"), null);
});

Deno.test("what is not listed does not exist, and known paths name their methods", async () => {
  await using server = await AuthServer.open();
  for (const path of ["/oidc", "/oidc/nothing", "/oidc/reg", "/oidc/device"]) {
    const response = await server.fetch(path);
    equal(response.status, 404);
    equal(response.headers.get("content-type"), "application/problem+json");
  }
  const wrong = await server.fetch("/oidc/token");
  equal(wrong.status, 405);
  equal(wrong.headers.get("allow"), "POST, OPTIONS");
  equal((await server.fetch("/oidc/jwks", { method: "HEAD" })).status, 200);
  equal((await server.fetch("/oidc/assets/login.css")).status, 200);
});

Deno.test("a body that is too large is refused, and one that is no form too", async () => {
  await using server = await AuthServer.open();
  const large = await server.post("/oidc/token", { grant_type: "x".repeat(20_000) });
  equal(large.status, 413);
  const json = await server.fetch("/oidc/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  equal(json.status, 400);
});

async function disable(server: AuthServer, id: string): Promise<void> {
  await server.addUser("root@example.com", password, ["admin"]);
  const { access_token: token } = await new Browser(server).tokens("root@example.com", password);
  equal((await server.call("POST", `/users/${id}/disable`, { token })).status, 200);
}
