import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { artifactKey } from "./artifact_key.ts";
import { disabled, UserId } from "./domain/mod.ts";
import { graceMs } from "./refresh_grace.ts";
import { AuthServer, Browser, type Tokens } from "./testing/mod.ts";

const email = "ada@example.com";
const password = "four plain words together";

/** Somebody who is signed in, in a browser with a page of a public client. */
async function signedIn(server: AuthServer): Promise<{ browser: Browser; tokens: Tokens }> {
  await server.addUser(email, password);
  const browser = new Browser(server);
  return { browser, tokens: await browser.tokens(email, password) };
}

async function errorOf(response: Response): Promise<string> {
  return (await response.json()).error;
}

Deno.test("of fifty who refresh with one token at once, all are told the same, and one family goes on", async () => {
  await using server = await AuthServer.open();
  const { browser, tokens: { refresh_token: token } } = await signedIn(server);
  const answers = await Promise.all(Array.from({ length: 50 }, () => browser.refresh(token)));
  deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  const texts = new Set(await Promise.all(answers.map((answer) => answer.text())));
  equal(texts.size, 1);
  const next: Tokens = JSON.parse([...texts][0]!);
  notEqual(next.refresh_token, token);
  equal((await browser.refresh(next.refresh_token)).status, 200);
});

Deno.test("a token that is shown again within ten seconds is answered as before, and later ends the family", async () => {
  await using server = await AuthServer.open();
  const { browser, tokens: { refresh_token: token } } = await signedIn(server);
  const first = await (await browser.refresh(token)).text();
  server.now = new Date(server.now.getTime() + graceMs - 1);
  equal(await (await browser.refresh(token)).text(), first);
  server.now = new Date(server.now.getTime() + 1);
  equal(await errorOf(await browser.refresh(token)), "invalid_grant");
  const { refresh_token: next }: Tokens = JSON.parse(first);
  equal(await errorOf(await browser.refresh(next)), "invalid_grant", "the family is revoked");
});

Deno.test("once the next token is used, the one before it ends the family at once", async () => {
  await using server = await AuthServer.open();
  const { browser, tokens: { refresh_token: token } } = await signedIn(server);
  const next: Tokens = await (await browser.refresh(token)).json();
  const last: Tokens = await (await browser.refresh(next.refresh_token)).json();
  equal(await errorOf(await browser.refresh(token)), "invalid_grant");
  equal(await errorOf(await browser.refresh(last.refresh_token)), "invalid_grant");
});

Deno.test("who asks for something else with the same token is not told what was given", async () => {
  await using server = await AuthServer.open();
  const { browser, tokens: { refresh_token: token } } = await signedIn(server);
  equal((await browser.refresh(token)).status, 200);
  const narrower = await server.post("/oidc/token", {
    "grant_type": "refresh_token",
    "client_id": "sallyport-web",
    "refresh_token": token,
    scope: "openid",
  });
  equal(await errorOf(narrower), "invalid_grant");
});

Deno.test("when whoever was first has died, who comes again is answered in its place, and one alone", async () => {
  await using server = await AuthServer.open();
  const { browser, tokens: { refresh_token: token } } = await signedIn(server);
  const key = await artifactKey("RefreshToken", "id", token);
  const { grants } = server.stores;
  await grants.consumeOnce(key, new Date(server.now.getTime() + 86_400_000), server.now);

  const early = await browser.refresh(token);
  equal(early.status, 503, "it may be alive");
  match(early.headers.get("retry-after") ?? "", /^\d+$/);
  server.now = new Date(server.now.getTime() + 3_000);
  const answers = await Promise.all([1, 2, 3].map(() => browser.refresh(token)));
  deepEqual(answers.map(({ status }) => status), [200, 200, 200]);
  equal(new Set(await Promise.all(answers.map((answer) => answer.text()))).size, 1);
});

Deno.test("who is disabled while tokens are made for them gets none, and none are left", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const browser = new Browser(server);
  const code = await browser.signIn(email, password);
  const { grants, users } = server.stores;
  const account = (await users.findByEmail(email))!;
  const put = grants.put.bind(grants);
  grants.put = async (artifact) => {
    if (artifact.payload["kind"] === "RefreshToken") {
      const change = { by: "an admin", at: server.now };
      await users.update(UserId.parse(account.id), "any", (current) => disabled(current, change), {
        revokesGrants: true,
      });
    }
    await put(artifact);
  };
  equal(await errorOf(await browser.redeem(code)), "invalid_grant");
  const left = await grants.listByOwner(account.id);
  deepEqual(left.filter(({ payload }) => payload["kind"] === "RefreshToken"), []);
});
