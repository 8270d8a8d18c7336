import { paths } from "../page_paths.ts";
import { Alert, Field, FormToken, passwordHint } from "./controls.tsx";
import { Layout, type Markup, Sheet } from "./layout.tsx";

export interface SignUpPageProps {
  readonly formToken: string;
  readonly name?: string;
  readonly email?: string;
  readonly alert?: string | undefined;
  readonly faults?: {
    readonly name?: string;
    readonly email?: string;
    readonly password?: string;
  };
}

/** Posts `name`, `email` and `password`. */
export function signUpPage(
  { formToken, name = "", email = "", alert, faults = {} }: SignUpPageProps,
): Markup {
  return (
    <Layout title="Make an account">
      <Sheet title="Make an account">
        {alert ? <Alert>{alert}</Alert> : null}
        <form method="post">
          <FormToken token={formToken} />
          <Field
            label="Name"
            name="name"
            autocomplete="name"
            maxlength={200}
            value={name}
            fault={faults.name}
          />
          <Field
            label="E-mail address"
            name="email"
            type="email"
            autocomplete="username"
            maxlength={254}
            value={email}
            hint="We send you a link there, to finish."
            fault={faults.email}
          />
          <Field
            label="Password"
            name="password"
            type="password"
            autocomplete="new-password"
            maxlength={512}
            hint={passwordHint}
            fault={faults.password}
          />
          <div class="actions">
            <button type="submit">Go on</button>
          </div>
        </form>
      </Sheet>
      <p class="aside">
        You have one already? <a href={paths.account}>Sign in</a>
      </p>
    </Layout>
  );
}

/** What opens from the link in the mail. Posts `token`. */
export function signUpLinkPage(
  { token, email }: { readonly token: string; readonly email: string },
): Markup {
  return (
    <Layout title="Finish signing up">
      <Sheet title="Finish signing up">
        <p>
          This makes the account of <strong>{email}</strong>.
        </p>
        <form method="post" action={paths.signUpLink}>
          <input type="hidden" name="token" value={token} />
          <div class="actions">
            <button type="submit">Make the account</button>
          </div>
        </form>
      </Sheet>
    </Layout>
  );
}
