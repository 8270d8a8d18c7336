import type { Page } from "playwright-core";
import { demoPartner } from "../platform/development_folder.ts";
import type { OpenChromium } from "./chromium.ts";
import { factors } from "./gallery_factors.ts";
import type { MailFolder } from "./mail_folder.ts";

export interface GalleryOptions {
  readonly chromium: OpenChromium;
  readonly edgeUrl: string;
  readonly mail: MailFolder;
  /** Called at each page, in each state that differs. The page is left where it was. */
  readonly stop: (name: string, page: Page) => Promise<void>;
}

const person = { name: "Grace Hopper", email: "grace@example.com" };
const firstPassword = "nanoseconds on a wire";
const secondPassword = "a moth in the relay, taped";

/** Somebody's way through every page, from signing up to signing out. */
export async function walkGallery(options: GalleryOptions): Promise<void> {
  const context = await options.chromium.context({ javaScript: true });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await signUp(page, options);
  await reset(page, options);
  await signIn(page, options);
  await account(page, options);
  await factors(page, { ...options, ...person, password: secondPassword });
  await leave(page, options);
  await context.close();
}

async function signUp(page: Page, { edgeUrl, mail, stop }: GalleryOptions): Promise<void> {
  await page.goto(`${edgeUrl}/oidc/sign-up`);
  await stop("sign_up", page);
  await page.getByLabel("Name").fill(person.name);
  await page.getByLabel("E-mail address").fill(person.email);
  await page.getByLabel("Password").fill("password1234");
  await page.getByRole("button").click();
  await stop("sign_up_refused", page);
  await page.getByLabel("Password").fill(firstPassword);
  await page.getByRole("button").click();
  await stop("sign_up_mail", page);
  await page.goto(await mail.nextLink(person.email));
  await stop("sign_up_link", page);
  await page.getByRole("button").click();
  await stop("welcome", page);
}

async function reset(page: Page, { edgeUrl, mail, stop }: GalleryOptions): Promise<void> {
  await page.goto(`${edgeUrl}/oidc/forgot`);
  await stop("forgot", page);
  await page.getByLabel("E-mail address").fill(person.email);
  await page.getByRole("button").click();
  await stop("forgot_mail", page);
  const link = await mail.nextLink(person.email);
  await page.goto(link);
  await stop("reset", page);
  await page.getByLabel("New password").fill(secondPassword);
  await page.getByRole("button").click();
  await stop("password_set", page);
  await page.goto(link);
  await stop("link_expired", page);
}

async function signIn(page: Page, { edgeUrl, stop }: GalleryOptions): Promise<void> {
  await page.goto(partnerUrl(edgeUrl));
  await stop("sign_in", page);
  await page.getByLabel("E-mail address").fill(person.email);
  await page.getByLabel("Password").fill(firstPassword);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await stop("sign_in_refused", page);
  await page.getByLabel("Password").fill(secondPassword);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await stop("consent", page);
  // The partner's own place is not here: where the answer would go is all there is to see.
  await page.route(`${demoPartner.redirectUri}**`, (route) => route.fulfill({ body: "Thank you" }));
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL(`${demoPartner.redirectUri}**`);
}

async function account(page: Page, options: GalleryOptions): Promise<void> {
  const { edgeUrl, chromium, stop } = options;
  await page.goto(`${edgeUrl}/oidc/account`);
  await stop("account", page);
  await page.getByRole("link", { name: "Password" }).click();
  await stop("account_password", page);
  await page.getByLabel("Current password").fill(firstPassword);
  await page.getByLabel("New password").fill(secondPassword);
  await page.getByRole("button").click();
  await stop("account_password_refused", page);
  const phone = await chromium.context({
    userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
  });
  await signInAgain(await phone.newPage(), options);
  await page.getByRole("link", { name: "Devices" }).click();
  await stop("account_devices", page);
  await page.getByRole("link", { name: "Applications" }).click();
  await stop("account_applications", page);
  await page.getByRole("button", { name: "Take access back" }).click();
  await stop("account_no_applications", page);
  await phone.close();
}

async function signInAgain(page: Page, { edgeUrl }: GalleryOptions): Promise<void> {
  await page.goto(`${edgeUrl}/oidc/account`);
  await page.getByLabel("E-mail address").fill(person.email);
  await page.getByLabel("Password").fill(secondPassword);
  await page.getByRole("button").click();
  await page.waitForURL("**/oidc/account**");
}

async function leave(page: Page, { edgeUrl, stop }: GalleryOptions): Promise<void> {
  await page.goto(`${edgeUrl}/oidc/account`);
  await page.getByRole("link", { name: "Sign out" }).click();
  await stop("sign_out", page);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/session/end/success**");
  await stop("signed_out", page);
  await page.goto(`${edgeUrl}/oidc/auth?client_id=nobody`);
  await stop("error", page);
}

function partnerUrl(edgeUrl: string): string {
  const query = new URLSearchParams({
    client_id: demoPartner.clientId,
    response_type: "code",
    redirect_uri: demoPartner.redirectUri,
    scope: "openid profile email api",
    // Nobody redeems the code: whose hash this is does not matter.
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
  });
  return `${edgeUrl}/oidc/auth?${query}`;
}
