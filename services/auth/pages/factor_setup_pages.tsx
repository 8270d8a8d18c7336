import { raw } from "hono/html";
import { renderSVG } from "uqr";
import { paths } from "../page_paths.ts";
import { AccountLayout, type AccountPageProps } from "./account_pages.tsx";
import { Field, FormToken } from "./controls.tsx";
import type { Markup } from "./layout.tsx";

export interface TotpSetupPageProps extends AccountPageProps {
  readonly secret: string;
  /** What the QR code says. */
  readonly uri: string;
  readonly fault?: string | undefined;
}

/** Tells an app its secret. Posts `confirm`, a code of it. */
export function totpSetupPage(
  { formToken, secret, uri, fault, ...told }: TotpSetupPageProps,
): Markup {
  return (
    <AccountLayout title="Set up an app" path={paths.factors} {...told}>
      <section class="sheet" aria-labelledby="scan">
        <h2 id="scan">1. Tell your app</h2>
        <p>Scan this with the app, or type the key into it.</p>
        <div class="qr" role="img" aria-label="QR code of the key below">
          {raw(renderSVG(uri, { border: 2 }))}
        </div>
        <p>
          Key: <span class="code secret">{inGroups(secret)}</span>
        </p>
        <p>
          <a href={uri}>Open it in an app on this device</a>
        </p>
      </section>
      <section class="sheet" aria-labelledby="confirm-it">
        <h2 id="confirm-it">2. Show that it works</h2>
        <form method="post">
          <FormToken token={formToken} />
          <Field
            label="Code that the app shows"
            name="confirm"
            autocomplete="one-time-code"
            inputmode="numeric"
            maxlength={12}
            fault={fault}
          />
          <div class="actions">
            <button type="submit">Turn it on</button>
            <a class="button plain" href={paths.factors}>Leave it</a>
          </div>
        </form>
      </section>
    </AccountLayout>
  );
}

/** The recovery codes, this once. */
export function recoveryCodesPage({ codes, done }: {
  readonly codes: readonly string[];
  readonly done: string;
}): Markup {
  return (
    <AccountLayout title="Your recovery codes" path={paths.factors} done={done}>
      <section class="sheet" aria-label="Recovery codes">
        <p>
          <strong>Print them, or keep them in a password manager.</strong>{" "}
          They are shown this once. With your password, each lets you in once when you have lost
          everything else.
        </p>
        <ol class="codes">{codes.map((code) => <li class="code">{code}</li>)}</ol>
        <div class="actions">
          <a class="button" href={paths.factors}>I have kept them</a>
        </div>
      </section>
    </AccountLayout>
  );
}

function inGroups(secret: string): string {
  return secret.match(/.{1,4}/g)!.join(" ");
}
