import { deepEqual, equal, match, ok } from "node:assert/strict";
import { attemptLimits } from "./domain/mod.ts";
import { resetLifeMs } from "./mail_delivery.ts";
import { AuthServer } from "./testing/auth_server.ts";
import { Browser, disable } from "./testing/browser.ts";
import { linkIn } from "./testing/mailbox.ts";

const email = "ada@example.com";
const password = "correct horse battery";
const another = "a fountain of small stones";

async function askedFor(server: AuthServer, address = email): Promise<string> {
  equal((await new Browser(server).fill("/oidc/forgot", { email: address })).status, 200);
  return linkIn(await server.mailbox.next(email));
}

Deno.test("a link from the mail sets a new password, once, and signs out everywhere", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const signedIn = new Browser(server);
  const tokens = await signedIn.tokens(email, password);
  const link = await askedFor(server);

  const browser = new Browser(server);
  const shown = await browser.get(link);
  equal(shown.headers.get("referrer-policy"), "no-referrer");
  equal((await browser.get(link)).status, 200, "looking does not use it up");
  equal((await browser.fill(link, { password: another })).status, 200);
  match((await server.mailbox.next(email)).subject, /password was changed/);

  equal((await browser.get(link)).status, 400);
  equal((await signedIn.refresh(tokens.refresh_token)).status, 400);
  match((await signedIn.get("/oidc/account")).headers.get("location")!, /^\/oidc\/auth\?/);
  ok(await new Browser(server).signIn(email, another));
});

Deno.test("two that have one link set one password", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const link = await askedFor(server);
  const answers = await Promise.all(
    ["one of two long passwords", "two of two long passwords"].map((wanted) =>
      new Browser(server).fill(link, { password: wanted })
    ),
  );
  deepEqual(answers.map(({ status }) => status).toSorted(), [200, 400]);
});

Deno.test("a link is good for 15 minutes, and only until the password is changed otherwise", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const [first, second] = [await askedFor(server), await askedFor(server)];
  equal((await new Browser(server).fill(second, { password: another })).status, 200);
  await server.mailbox.next(email);
  equal((await new Browser(server).get(first)).status, 400);
  const late = await askedFor(server);
  server.now = new Date(server.now.getTime() + resetLifeMs);
  equal((await new Browser(server).get(late)).status, 400);
});

Deno.test("known, unknown and disabled addresses are answered alike, with the same work", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  await disable(server, await server.addUser("disabled@example.com", password));
  const seen: unknown[] = [];
  for (const address of [email, "nobody@example.com", "disabled@example.com"]) {
    const before = server.hashes;
    const response = await new Browser(server).fill("/oidc/forgot", { email: address });
    const { status } = response;
    seen.push({ status, text: await response.text(), hashes: server.hashes - before });
  }
  deepEqual(seen[1], seen[0]);
  deepEqual(seen[2], seen[0]);
  match((await server.mailbox.next(email)).text, /token=/);
  deepEqual(server.mailbox.received, [], "nobody else gets mail");
});

Deno.test("nobody fills a mailbox by asking, and who has to wait is told for how long", async () => {
  await using server = await AuthServer.open();
  const ask = () => new Browser(server).fill("/oidc/forgot", { email: "nobody@example.com" });
  for (let n = 0; n < attemptLimits.mail.account.freeMax; n++) equal((await ask()).status, 200);
  const slowed = await ask();
  equal(slowed.status, 429);
  equal(slowed.headers.get("retry-after"), "1");
  match(await slowed.text(), /Too many messages were asked for\. Try again in 1 second\./);
});

Deno.test("a weak password is refused and the link stays good", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  const link = await askedFor(server);
  for (const weak of ["short", "password1234", "Football2024!!"]) {
    equal((await new Browser(server).fill(link, { password: weak })).status, 422, weak);
  }
  equal((await new Browser(server).fill(link, { password: another })).status, 200);
});

Deno.test("a form without the browser's own token sends no mail", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, password);
  equal((await new Browser(server).post("/oidc/forgot", { email })).status, 403);
  const browser = new Browser(server);
  await browser.get("/oidc/forgot");
  equal((await browser.post("/oidc/forgot", { email, "form_token": "made-up" })).status, 403);
  const foreign = { origin: "https://evil.example" };
  equal((await browser.fill("/oidc/forgot", { email }, foreign)).status, 403);
  deepEqual(server.mailbox.received, []);
});
