import { deepEqual, equal, match, ok } from "node:assert/strict";
import { formLimits } from "./form_body.ts";
import { AuthServer } from "./testing/auth_server.ts";
import { Browser } from "./testing/browser.ts";
import { linkIn } from "./testing/mailbox.ts";

const email = "ada@example.com";
const password = "correct horse battery";
const person = { name: "Ada", email, password };

async function signUp(server: AuthServer, changes: Partial<typeof person> = {}): Promise<Response> {
  return await new Browser(server).fill("/oidc/sign-up", { ...person, ...changes });
}

Deno.test("somebody signs up by a link from the mail, which works once, and signs in", async () => {
  await using server = await AuthServer.open();
  equal((await signUp(server)).status, 200);
  equal(await server.stores.users.findByEmail(email), undefined, "not before the link is used");
  const link = linkIn(await server.mailbox.next(email));
  const browser = new Browser(server);
  const shown = await browser.get(link);
  equal(shown.headers.get("referrer-policy"), "no-referrer");
  match(await shown.text(), /account of <strong>ada@example\.com/);
  // Our pages are without referrer: browsers that know no better call the origin of their forms so.
  match(await (await browser.fill(link, {}, { origin: "null" })).text(), /Welcome/);
  equal((await browser.get(link)).status, 400);
  deepEqual((await server.stores.users.findByEmail(email))!.roles, ["customer"]);
  ok(await browser.signIn(email, password));
});

Deno.test("known and unknown addresses are answered alike, with the same work, and the owner is told", async () => {
  await using server = await AuthServer.open();
  await server.addUser(email, "another password of hers");
  const seen: unknown[] = [];
  for (const address of [email, "bob@example.com"]) {
    const before = server.hashes;
    const response = await signUp(server, { email: address });
    const { status } = response;
    seen.push({ status, text: await response.text(), hashes: server.hashes - before });
  }
  deepEqual(seen[1], seen[0]);
  const { subject, text } = await server.mailbox.next(email);
  match(subject, /have an account already/);
  ok(!text.includes("token="));
  ok(await new Browser(server).signIn(email, "another password of hers"), "nothing has changed");
});

Deno.test("two links of one address make one account, with the password of the one used", async () => {
  await using server = await AuthServer.open();
  await signUp(server);
  const first = linkIn(await server.mailbox.next(email));
  await signUp(server, { password: "an entirely other one" });
  const second = linkIn(await server.mailbox.next(email));
  match(await (await new Browser(server).fill(second, {})).text(), /Welcome/);
  match(await (await new Browser(server).fill(first, {})).text(), /You have an account/);
  ok(await new Browser(server).signIn(email, "an entirely other one"));
});

Deno.test("what is wrong is said at its field, and what was typed is kept, but for the password", async () => {
  await using server = await AuthServer.open();
  const refused = await signUp(server, { name: " ", email: "ada", password: "short" });
  equal(refused.status, 422);
  const page = await refused.text();
  match(page, /id="name-fault">Tell us a name/);
  match(page, /id="email-fault">This is no e-mail/);
  match(page, /id="password-fault">A password has 12/);
  match(page, /value="ada"/);
  ok(!page.includes("short"));
});

Deno.test("passwords that many use, or that are made of one's own name, are refused with the reason", async () => {
  await using server = await AuthServer.open();
  const weak = [
    "passwordpassword",
    "P@ssw0rd2024!",
    "iloveyou123456",
    "Lovelace2024",
    "sallyport123",
  ];
  for (const guessable of weak) {
    const refused = await signUp(server, { password: guessable, name: "Ada Lovelace" });
    equal(refused.status, 422, guessable);
    match(await refused.text(), /id="password-fault">The password (is|contains)/, guessable);
  }
  deepEqual(server.mailbox.received, []);
});

Deno.test("what is typed is shown as text, whatever it is", async () => {
  await using server = await AuthServer.open();
  const name = '"><script>alert(1)</script>';
  const page = await (await signUp(server, { name, password: "short" })).text();
  ok(!page.includes("<script"));
  ok(page.includes("&lt;script&gt;"));
});

Deno.test("a form that is none, or larger than any of ours, is refused", async () => {
  await using server = await AuthServer.open();
  const large = { ...person, name: "a".repeat(formLimits.bytesMax) };
  equal((await new Browser(server).post("/oidc/sign-up", large)).status, 413);
  const json = { method: "POST", body: "{}", headers: { "content-type": "application/json" } };
  equal((await server.fetch("/oidc/sign-up", json)).status, 415);
});
