import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Page } from "playwright-core";
import { MailFolder, type OpenChromium, openChromium, walkGallery } from "tools/pages";
import { lacks } from "tools/servers";
import { barriersOf, overflowOf } from "../fixtures/audit_page.ts";
import { openTestPlatform, type TestPlatform } from "../fixtures/platform.ts";

interface Scene {
  readonly platform: TestPlatform;
  readonly chromium: OpenChromium;
  readonly mail: MailFolder;
  readonly edgeUrl: string;
}

/** With a real browser, the whole platform and TLS that the browser has verified. */
function test(promise: string, check: (scene: Scene) => Promise<void>): void {
  Deno.test({
    name: promise,
    ignore: lacks("chromium"),
    async fn() {
      await using platform = await openTestPlatform();
      await using chromium = await openChromium(platform.credentials);
      const mail = new MailFolder(`${platform.dir}/mail`);
      const { edgeUrl } = platform.credentials;
      await check({ platform, chromium, mail, edgeUrl });
    },
  });
}

test("every page has no barrier in light and dark, fits a phone, and has no code of its own", async (scene) => {
  const seen: string[] = [];
  const faults: string[] = [];
  await walkGallery({
    ...scene,
    async stop(name, page) {
      seen.push(name);
      faults.push(...(await faultsOf(page)).map((fault) => `${name}: ${fault}`));
    },
  });
  deepEqual(faults, []);
  ok(seen.length >= 25, `${seen.length} pages`);
  equal(new Set(seen).size, seen.length);
});

async function faultsOf(page: Page): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const barrier of await barriersOf(page)) faults.push(`${colorScheme}: ${barrier}`);
  }
  await page.setViewportSize({ width: 360, height: 740 });
  const overflow = await overflowOf(page);
  if (overflow > 0) faults.push(`${overflow} pixels too wide for a phone`);
  await page.setViewportSize({ width: 1024, height: 768 });
  if (await page.locator("script:not([src]), [style], [onclick]").count() > 0) {
    faults.push("has code of its own");
  }
  return faults;
}

test("a person comes in and looks after their account with the keyboard, without JavaScript", async (scene) => {
  const { edgeUrl, chromium, mail, platform } = scene;
  const { email, password } = platform.credentials.users[0]!;
  const context = await chromium.context();
  const page = await context.newPage();
  await page.goto(`${edgeUrl}/oidc/account`);
  await type(page, "email", email);
  await page.keyboard.press("Tab");
  await type(page, "password", password);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/oidc/account**");
  match(await page.locator("dl").innerText(), new RegExp(email));

  // The first thing that the keyboard comes to leads past what is the same on every page.
  await page.keyboard.press("Tab");
  equal(await page.locator(":focus").innerText(), "Skip to the content");
  for (const name of ["Sign out", "Profile", "Password"]) {
    await page.keyboard.press("Tab");
    equal(await page.locator(":focus").innerText(), name);
  }
  await page.keyboard.press("Enter");
  await page.waitForURL("**/account/password");
  await page.getByLabel("Current password").focus();
  await type(page, "current", password);
  await page.keyboard.press("Tab");
  await type(page, "password", "a fountain of small stones");
  await page.keyboard.press("Tab");
  equal(await page.locator(":focus").innerText(), "Change the password");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Your password is changed" }).waitFor();
  match(await mail.next(email), /Subject: Your password was changed/);
  await page.goto(`${edgeUrl}/oidc/account`);
  await page.waitForURL("**/interaction/**");
  await context.close();
});

/** Types where the keyboard is, once it is in that field. */
async function type(page: Page, field: string, text: string): Promise<void> {
  await page.locator(`#${field}:focus`).waitFor();
  await page.keyboard.type(text);
}

test("somebody who forgot signs up, resets and signs in without JavaScript, and no log shows the link", async (scene) => {
  const { edgeUrl, chromium, mail, platform } = scene;
  const lines: string[] = [];
  using _listening = platform.onLine((...told) => void lines.push(told.join(" ")));
  const context = await chromium.context({ width: 360, height: 740, colorScheme: "dark" });
  const page = await context.newPage();
  const email = "grace@example.com";
  await page.goto(`${edgeUrl}/oidc/sign-up`);
  await page.getByLabel("Name").fill("Grace");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill("nanoseconds on a wire");
  await page.getByRole("button").click();
  const signUpLink = await mail.nextLink(email);
  await page.goto(signUpLink);
  await page.getByRole("button").click();
  await page.getByRole("heading", { name: "Welcome" }).waitFor();

  await page.goto(`${edgeUrl}/oidc/forgot`);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByRole("button").click();
  const resetLink = await mail.nextLink(email);
  await page.goto(resetLink);
  await page.getByLabel("New password").fill("a moth in the relay, taped");
  await page.getByRole("button").click();
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill("a moth in the relay, taped");
  await page.getByRole("button").click();
  await page.waitForURL("**/oidc/account**");
  await context.close();

  ok(lines.some((line) => line.includes("/oidc/reset")), "the requests are logged");
  for (const link of [signUpLink, resetLink]) {
    const secret = new URL(link).searchParams.get("token")!;
    deepEqual(lines.filter((line) => line.includes(secret)), []);
  }
});

test("a form on another site, sent by the browser of who is signed in, is refused", async (scene) => {
  const { edgeUrl, chromium, platform } = scene;
  const { email, password } = platform.credentials.users[0]!;
  const context = await chromium.context();
  const page = await context.newPage();
  await page.goto(`${edgeUrl}/oidc/account`);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button").click();
  await page.waitForURL("**/oidc/account**");
  const form = `<form method="post" action="${edgeUrl}/oidc/account/sessions">
    <button name="everywhere" value="yes">Win a kettle</button></form>`;
  await context.route("https://evil.example/", (route) => {
    return route.fulfill({ contentType: "text/html", body: form });
  });
  await page.goto("https://evil.example/");
  const answer = page.waitForResponse("**/account/sessions");
  await page.getByRole("button").click();
  equal((await answer).status(), 403);
  await page.goto(`${edgeUrl}/oidc/account`);
  match(await page.locator("dl").innerText(), new RegExp(email));
  await context.close();
});
