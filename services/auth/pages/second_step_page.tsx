import { paths } from "../page_paths.ts";
import { Alert, Field } from "./controls.tsx";
import { Layout, type Markup, Sheet } from "./layout.tsx";
import { PasskeyForm } from "./passkey_form.tsx";

export interface SecondStepPageProps {
  readonly clientName: string;
  readonly hasTotp: boolean;
  readonly hasPasskeys: boolean;
  /** Where a browser asks how to use a passkey. */
  readonly passkeyOptions: string;
  /** Why the form is shown again. */
  readonly alert?: string | undefined;
  /** The one for recovery codes was sent: it stays in sight. */
  readonly recovers?: boolean;
}

/** Asks, after the password, for another factor. Its forms post to their own address. */
export function secondStepPage(
  { clientName, hasTotp, hasPasskeys, passkeyOptions, alert, recovers }: SecondStepPageProps,
): Markup {
  return (
    <Layout title="One more step" script={hasPasskeys ? paths.passkeysScript : undefined}>
      <Sheet title="One more step">
        <p class="quiet">
          To go on to <strong>{clientName}</strong>, show that it is you.
        </p>
        {alert ? <Alert>{alert}</Alert> : null}
        {hasPasskeys
          ? <PasskeyForm use="get" options={passkeyOptions} label="Use a passkey" plain={hasTotp} />
          : null}
        {hasPasskeys
          ? (
            <noscript>
              <p class="quiet">To use a passkey, allow JavaScript on this page.</p>
            </noscript>
          )
          : null}
        {hasTotp ? <CodeForm /> : null}
        <RecoveryForm open={recovers === true} />
      </Sheet>
      <form method="post" class="aside">
        <button type="submit" name="restart" value="yes" class="link">
          Sign in to another account
        </button>
      </form>
    </Layout>
  );
}

function CodeForm() {
  return (
    <form method="post">
      <Field
        label="Code of your authenticator app"
        name="code"
        autocomplete="one-time-code"
        inputmode="numeric"
        maxlength={12}
        autofocus
      />
      <div class="actions">
        <button type="submit">Go on</button>
      </div>
    </form>
  );
}

function RecoveryForm({ open }: { readonly open: boolean }) {
  return (
    <details open={open}>
      <summary>Use a recovery code</summary>
      <form method="post">
        <Field
          label="Recovery code"
          name="recovery_code"
          autocomplete="off"
          maxlength={40}
          hint="One of those that you noted when you set this up. Each is good once."
        />
        <div class="actions">
          <button type="submit" class="plain">Use this code</button>
        </div>
      </form>
    </details>
  );
}
