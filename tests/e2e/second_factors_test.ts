import { deepEqual, equal, match, ok } from "node:assert/strict";
import { TOTP } from "otpauth";
import { openChromium } from "tools/pages";
import { lacks } from "tools/servers";
import { askOptions, sendAnswer, sign } from "../fixtures/in_page.js";
import { openPerson, type Person } from "../fixtures/person.ts";
import { openTestPlatform } from "../fixtures/platform.ts";
import { searchFiles } from "../fixtures/search_files.ts";

const methods = "/oidc/account/sign-in";
/** The page on how one signs in, which only who has signed in sees. */
const signedIn = /^https:\/\/localhost:\d+\/oidc\/account\/sign-in/;

Deno.test({
  name: "in a real browser, people sign in by passkeys, apps and recovery codes, each once",
  ignore: lacks("chromium"),
  async fn(t) {
    await using platform = await openTestPlatform();
    const { edgeUrl, users } = platform.credentials;
    await using chromium = await openChromium(platform.credentials);
    const open = (name: string) => {
      const person = users.find(({ email }) => email.startsWith(`${name}@`))!;
      return openPerson(chromium, { edgeUrl, ...person });
    };
    {
      await using alice = await open("alice");
      await passkeys(t, alice, edgeUrl);
    }
    await using bob = await open("bob");
    const secrets = await apps(t, bob);
    await t.step(
      "no file and no log shows the app's key, a recovery code or their like",
      async () => {
        const dirs = [`${platform.dir}/data`, `${platform.dir}/logs`];
        const control = await searchFiles(dirs, ["sallyport.auth.user.changed"]);
        ok(control.found.length > 0, "the search finds what is there");
        deepEqual((await searchFiles(dirs, secrets)).found, []);
      },
    );
    deepEqual(platform.reports, [], "no program reports anything");
  },
});

async function passkeys(t: Deno.TestContext, alice: Person, edgeUrl: string): Promise<void> {
  const { page } = alice;
  const answers: string[] = [];
  page.on("request", (request) => {
    const passkey = new URLSearchParams(request.postData() ?? "").get("passkey");
    if (passkey) answers.push(passkey);
  });

  await t.step("a passkey is made, and recovery codes are shown", async () => {
    await alice.goTo(methods);
    await page.getByLabel("Name of the new passkey").fill("Work laptop");
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByText("The passkey is added.").waitFor();
    equal(await page.locator(".codes li").count(), 10);
    await page.getByRole("link", { name: "I have kept them" }).click();
    await page.getByText("Work laptop").waitFor();
  });

  await t.step("the device that has one is not asked to make another", async () => {
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByText("This device has a passkey for your account already.").waitFor();
  });

  await t.step("it signs in without a password", async () => {
    await alice.signOut();
    await page.goto(edgeUrl + methods);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.waitForURL(signedIn);
    match(await page.locator("main").innerText(), /last used on/);
  });

  await t.step("it is offered where the address is typed, without a button", async () => {
    await alice.signOut();
    await alice.takingOffers(async () => {
      await page.goto(edgeUrl + methods);
      await page.waitForURL(signedIn);
    });
  });

  await t.step("what it said is of no use to who has listened", async () => {
    const heard = answers.at(-1)!;
    await alice.signOut();
    await page.goto(edgeUrl + methods);
    await page.evaluate(sendAnswer, heard);
    await page.getByText("The passkey was not accepted.").waitFor();
  });

  await t.step("what it says to a page of another origin is refused", async () => {
    const visit = await page.context().newPage();
    await visit.goto(edgeUrl + methods);
    const options = await visit.evaluate(askOptions);
    await using elsewhere = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response("<h1>Win a prize</h1>", { headers: { "content-type": "text/html" } }),
    );
    await page.goto(`http://localhost:${elsewhere.addr.port}/`);
    const said = await page.evaluate(sign, options);
    await visit.evaluate(sendAnswer, said);
    await visit.getByText("The passkey was not accepted.").waitFor();
    await visit.close();
  });

  await t.step("after the password it is the second factor", async () => {
    await alice.goTo(methods);
    await page.getByRole("heading", { name: "One more step" }).waitFor();
    await page.getByRole("button", { name: "Use a passkey" }).click();
    await page.waitForURL(signedIn);
  });

  await t.step("it is removed, and the password is enough again", async () => {
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByText("Work laptop").waitFor({ state: "detached" });
    await alice.signOut();
    await alice.goTo(methods);
    await page.waitForURL(signedIn);
  });
}

/** @returns what is nobody's business. */
async function apps(t: Deno.TestContext, bob: Person): Promise<readonly string[]> {
  const { page } = bob;
  let totp = new TOTP();
  let recoveryCode = "";
  /** The app's clock may be half a minute ahead: so nobody waits for the code after that of now. */
  const code = (periods: number) => totp.generate({ timestamp: Date.now() + periods * 30_000 });
  const typeCode = async (typed: string) => {
    await page.getByLabel("Code of your authenticator app").fill(typed);
    await page.getByRole("button", { name: "Go on" }).click();
  };

  await t.step("an app is set up by its key and a code", async () => {
    await bob.goTo(methods);
    await page.getByRole("button", { name: "Set up an app" }).click();
    equal(await page.getByRole("img", { name: "QR code of the key below" }).count(), 1);
    const secret = (await page.locator(".secret").innerText()).replaceAll(" ", "");
    totp = new TOTP({ secret });
    await page.getByLabel("Code that the app shows").fill(code(0));
    await page.getByRole("button", { name: "Turn it on" }).click();
    await page.getByText("The app is set up.").waitFor();
    recoveryCode = await page.locator(".codes li").first().innerText();
  });

  let used = "";
  await t.step("a code after the password signs in", async () => {
    await bob.signOut();
    await bob.goTo(methods);
    used = code(1);
    await typeCode(used);
    await page.waitForURL(signedIn);
  });

  await t.step("the same code is refused", async () => {
    await bob.signOut();
    await bob.goTo(methods);
    await typeCode(used);
    await page.getByText("The code is not right.").waitFor();
  });

  const typeRecoveryCode = async () => {
    await page.getByText("Use a recovery code").click();
    await page.getByLabel("Recovery code").fill(recoveryCode);
    await page.getByRole("button", { name: "Use this code" }).click();
  };
  await t.step("a recovery code signs in", async () => {
    await typeRecoveryCode();
    await page.waitForURL(signedIn);
    match(await page.locator("main").innerText(), /9 of 10 are left/);
  });

  await t.step("the same recovery code is refused", async () => {
    await bob.signOut();
    await bob.goTo(methods);
    await typeRecoveryCode();
    await page.getByText("The code is not right.").waitFor();
  });
  return [totp.secret.base32, totp.secret.hex, recoveryCode, recoveryCode.replaceAll("-", "")];
}
