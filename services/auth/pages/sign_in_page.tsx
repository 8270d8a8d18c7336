import { paths } from "../page_paths.ts";
import { Alert, Field } from "./controls.tsx";
import { Layout, type Markup, Sheet } from "./layout.tsx";
import { PasskeyForm } from "./passkey_form.tsx";

export interface SignInPageProps {
  readonly clientName: string;
  readonly email: string;
  /** Where a browser asks how to use a passkey. */
  readonly passkeyOptions: string;
  /** Why the form is shown again. */
  readonly alert?: string | undefined;
}

/** The sign-in form. It posts to its own address, so that it works wherever it is shown. */
export function signInPage({ clientName, email, passkeyOptions, alert }: SignInPageProps): Markup {
  return (
    <Layout title="Sign in" script={paths.passkeysScript}>
      <Sheet title="Sign in">
        <p class="quiet">
          To go on to <strong>{clientName}</strong>
        </p>
        {alert ? <Alert>{alert}</Alert> : null}
        <form method="post">
          <Field
            label="E-mail address"
            name="email"
            type="email"
            autocomplete="username webauthn"
            maxlength={254}
            value={email}
            autofocus={email === ""}
          />
          <Field
            label="Password"
            name="password"
            type="password"
            autocomplete="current-password"
            maxlength={512}
            autofocus={email !== ""}
          />
          <div class="actions">
            <button type="submit">Sign in</button>
          </div>
        </form>
        <PasskeyForm use="offer" options={passkeyOptions} label="Sign in with a passkey" plain />
        <p class="aside">
          <a href={paths.forgot}>Forgot your password?</a>
        </p>
      </Sheet>
      <p class="aside">
        New here? <a href={paths.signUp}>Make an account</a>
      </p>
    </Layout>
  );
}
