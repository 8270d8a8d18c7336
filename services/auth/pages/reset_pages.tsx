import { paths } from "../page_paths.ts";
import { Alert, Field, FormToken, passwordHint } from "./controls.tsx";
import { Layout, type Markup, Sheet } from "./layout.tsx";

/** Posts `email`. */
export function forgotPage(
  { formToken, email = "", alert, fault }: {
    readonly formToken: string;
    readonly email?: string;
    readonly alert?: string | undefined;
    readonly fault?: string | undefined;
  },
): Markup {
  return (
    <Layout title="Forgot your password?">
      <Sheet title="Forgot your password?">
        <p class="quiet">Tell us your address. We send you a link to set a new one.</p>
        {alert ? <Alert>{alert}</Alert> : null}
        <form method="post">
          <FormToken token={formToken} />
          <Field
            label="E-mail address"
            name="email"
            type="email"
            autocomplete="username"
            maxlength={254}
            value={email}
            fault={fault}
          />
          <div class="actions">
            <button type="submit">Send the link</button>
          </div>
        </form>
      </Sheet>
      <p class="aside">
        <a href={paths.account}>Back to signing in</a>
      </p>
    </Layout>
  );
}

/** What opens from the link in the mail. Posts `token` and `password`. */
export function resetPage(
  { token, email, alert, fault }: {
    readonly token: string;
    readonly email: string;
    readonly alert?: string | undefined;
    readonly fault?: string | undefined;
  },
): Markup {
  return (
    <Layout title="Set a new password">
      <Sheet title="Set a new password">
        <p>
          For the account of <strong>{email}</strong>. It signs you out on every device.
        </p>
        {alert ? <Alert>{alert}</Alert> : null}
        <form method="post" action={paths.reset}>
          <input type="hidden" name="token" value={token} />
          <input type="hidden" name="username" autocomplete="username" value={email} />
          <Field
            label="New password"
            name="password"
            type="password"
            autocomplete="new-password"
            maxlength={512}
            hint={passwordHint}
            fault={fault}
          />
          <div class="actions">
            <button type="submit">Set the password</button>
          </div>
        </form>
      </Sheet>
    </Layout>
  );
}
