import { deepEqual, equal, match, ok } from "node:assert/strict";
import { StoreUnavailableError } from "platform/store";
import { AuthServer, issuer } from "./testing/auth_server.ts";
import { Browser } from "./testing/browser.ts";

const email = "ada@example.com";
const password = "correct horse battery";

Deno.test("tokens name the issuer whatever host they were asked of", async () => {
  await using server = await AuthServer.open();
  const response = await server.fetch("https://auth:4001/oidc/.well-known/openid-configuration", {
    headers: { "x-forwarded-host": "evil.example", "x-forwarded-proto": "http" },
  });
  const discovered = await response.json();
  equal(discovered.issuer, issuer);
  equal(discovered.token_endpoint, `${issuer}/token`);
  equal(discovered.userinfo_endpoint, `${issuer}/me`);
  deepEqual(discovered.response_types_supported, ["code", "none"]);
  deepEqual(discovered.code_challenge_methods_supported, ["S256"]);
  deepEqual(
    new Set(discovered.grant_types_supported),
    new Set([
      "authorization_code",
      "refresh_token",
      "client_credentials",
      "urn:ietf:params:oauth:grant-type:device_code",
      "urn:ietf:params:oauth:grant-type:token-exchange",
    ]),
  );
  const keys = await (await server.fetch("/oidc/jwks")).json();
  equal(keys.keys.length, 1);
  equal(keys.keys[0].d, undefined);
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
  for (const path of ["/oidc", "/oidc/nothing", "/oidc/backchannel", "/oidc/reg/a/b"]) {
    const response = await server.fetch(path);
    equal(response.status, 404);
    equal(response.headers.get("content-type"), "application/problem+json");
  }
  const wrong = await server.fetch("/oidc/token");
  equal(wrong.status, 405);
  equal(wrong.headers.get("allow"), "POST, OPTIONS");
  equal((await server.fetch("/oidc/jwks", { method: "HEAD" })).status, 200);
  equal((await server.fetch("/oidc/assets/pages.css")).status, 200);
});

Deno.test("a query that is too long to be a sign-in's begins none", async () => {
  await using server = await AuthServer.open();
  const begin = (state: string) => server.fetch(`/oidc/auth?state=${state}`);
  equal((await begin("x".repeat(4_200))).status, 400);
  equal((await begin("x".repeat(4_200))).headers.get("content-type"), "application/problem+json");
  equal((await begin("x")).headers.get("content-type"), "text/html; charset=utf-8");
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

Deno.test("a store that is away is told as a 503, to whoever asks for tokens and to whoever signs in", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const signedIn = new Browser(server);
  const { refresh_token } = await signedIn.tokens(email, password);
  const visitor = new Browser(server);
  const form = await visitor.openForm();
  const { grants, users } = server.stores;
  const away = () => Promise.reject(new StoreUnavailableError("Cannot use store"));
  for (const name of ["find", "findByUid", "consumeOnce", "put"] as const) grants[name] = away;
  for (const name of ["find", "findByEmail"] as const) users[name] = away;

  const answers = [
    await signedIn.refresh(refresh_token),
    await visitor.get(form),
    await visitor.post(form, { email, password }),
    await visitor.get(await visitor.authorizationUrl()),
  ];
  for (const { status, headers } of answers) {
    deepEqual([status, headers.get("retry-after")], [503, "1"]);
  }
});
