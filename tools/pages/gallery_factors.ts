import { TOTP } from "otpauth";
import type { Page } from "playwright-core";

export interface FactorsOptions {
  readonly edgeUrl: string;
  readonly email: string;
  readonly password: string;
  readonly stop: (name: string, page: Page) => Promise<void>;
}

const periodMs = 30_000;

/** The part of the gallery in which somebody who is signed in sets up an app, and signs in by it. */
export async function factors(page: Page, options: FactorsOptions): Promise<void> {
  const { edgeUrl, stop } = options;
  await addPasskey(page, options);
  await page.getByRole("button", { name: "Set up an app" }).click();
  await stop("account_app", page);
  const secret = (await page.locator(".secret").innerText()).replaceAll(" ", "");
  const totp = new TOTP({ secret });
  const confirm = async (code: string) => {
    await page.getByLabel("Code that the app shows").fill(code);
    await page.getByRole("button", { name: "Turn it on" }).click();
  };
  await confirm("no code");
  await stop("account_app_refused", page);
  await confirm(totp.generate());
  await page.getByRole("button", { name: "Remove the app" }).waitFor();

  await page.goto(`${edgeUrl}/oidc/session/end`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await secondStep(page, totp, options);
}

async function addPasskey(page: Page, { edgeUrl, stop }: FactorsOptions): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
    },
  });
  await page.goto(`${edgeUrl}/oidc/account/sign-in`);
  await stop("account_sign_in_none", page);
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByText("The passkey is added.").waitFor();
  await stop("account_recovery_codes", page);
  await page.getByRole("link", { name: "I have kept them" }).click();
  await page.locator("summary").click();
  await stop("account_sign_in", page);
  await cdp.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
}

async function secondStep(
  page: Page,
  totp: TOTP,
  { edgeUrl, email, password, stop }: FactorsOptions,
): Promise<void> {
  await page.goto(`${edgeUrl}/oidc/account`);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByText("Use a recovery code").click();
  await stop("second_step", page);
  const code = page.getByLabel("Code of your authenticator app");
  await code.fill("no code");
  await page.getByRole("button", { name: "Go on" }).click();
  await stop("second_step_refused", page);
  // The code of now has confirmed the app; clocks may differ by one period.
  await code.fill(totp.generate({ timestamp: Date.now() + periodMs }));
  await page.getByRole("button", { name: "Go on" }).click();
  await page.waitForURL("**/oidc/account**");
}
