import { deepEqual, equal } from "node:assert/strict";
import { decodeProtectedHeader } from "jose";
import { aSigningKey, AuthServer } from "./testing/auth_server.ts";
import { Browser, type Tokens } from "./testing/browser.ts";

const email = "ada@example.com";
const password = "correct horse battery";

async function publishedKids(server: AuthServer): Promise<readonly string[]> {
  const { keys } = await (await server.fetch("/oidc/jwks")).json();
  return keys.map(({ kid }: { readonly kid: string }) => kid);
}

function kidOf(token: string | undefined): string | undefined {
  return decodeProtectedHeader(token!).kid;
}

async function isAccepted(server: AuthServer, { access_token: token }: Tokens): Promise<boolean> {
  const [users, userinfo] = await Promise.all([
    server.call("GET", "/users/me", { token }),
    server.call("GET", "/oidc/me", { token }),
  ]);
  equal(users.status, userinfo.status);
  return users.status === 200;
}

Deno.test("the first key signs, all are published, and what a key signed is good while it is there", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const [old] = server.signingKeys.current.keys;
  const next = await aSigningKey("next");
  const before = await new Browser(server).tokens(email, password);
  equal(kidOf(before.access_token), "test");

  server.signingKeys.current = { keys: [old!, next] };
  deepEqual(await publishedKids(server), ["test", "next"]);
  equal(kidOf((await new Browser(server).tokens(email, password)).access_token), "test");

  server.signingKeys.current = { keys: [next, old!] };
  deepEqual(await publishedKids(server), ["next", "test"]);
  const after = await new Browser(server).tokens(email, password);
  equal(kidOf(after.access_token), "next");
  equal(kidOf(after.id_token), "next");
  equal(kidOf((await (await server.machineToken()).json()).access_token), "next");
  equal(await isAccepted(server, before), true);

  server.signingKeys.current = { keys: [next] };
  deepEqual(await publishedKids(server), ["next"]);
  equal(await isAccepted(server, before), false, "though it was seen before");
  equal(await isAccepted(server, after), true);
});

Deno.test("forms, codes, refresh tokens and sessions that began with one key end with another", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  let number = 0;
  const rotate = async () => {
    server.signingKeys.current = { keys: [await aSigningKey(`key ${++number}`)] };
  };
  const browser = new Browser(server);

  const form = await browser.openForm();
  await rotate();
  const callback = await browser.follow(await browser.post(form, { email, password }));
  await rotate();
  const code = new URL(callback.headers.get("location")!).searchParams.get("code")!;
  const response = await browser.redeem(code);
  equal(response.status, 200);
  const { refresh_token: refreshToken, id_token: idToken } = await response.json() as Tokens;
  equal(kidOf(idToken), "key 2");

  await rotate();
  const refreshed = await browser.refresh(refreshToken);
  equal(refreshed.status, 200);
  equal(kidOf((await refreshed.json()).access_token), "key 3");

  await rotate();
  const signedIn = await browser.follow(await browser.get(await browser.authorizationUrl()));
  equal(signedIn.headers.get("location")?.includes("code="), true, "without the form");
});
