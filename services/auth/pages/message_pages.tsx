import { raw } from "hono/html";
import { paths } from "../page_paths.ts";
import { Layout, type Markup, Sheet } from "./layout.tsx";

/** @param error code of OAuth 2.0, the only thing said about what went wrong. */
export function errorPage(error: string): Markup {
  return (
    <Layout title="This did not work">
      <Sheet title="This did not work">
        <p>
          The request to sign in could not be answered. Go back to where you came from and try
          again.
        </p>
        <p class="quiet">
          Code: <code>{error}</code>
        </p>
      </Sheet>
    </Layout>
  );
}

/** Something to read, and at most one way to go on. */
export function messagePage(
  { title, lines, next }: {
    readonly title: string;
    readonly lines: readonly string[];
    readonly next?: { readonly href: string; readonly label: string };
  },
): Markup {
  return (
    <Layout title={title}>
      <Sheet title={title}>
        {lines.map((line) => <p>{line}</p>)}
        {next
          ? (
            <div class="actions">
              <a class="button" href={next.href}>{next.label}</a>
            </div>
          )
          : null}
      </Sheet>
    </Layout>
  );
}

/** @param form made by oidc-provider, with the identifier that both buttons refer to. */
export function signOutPage(form: string): Markup {
  return (
    <Layout title="Sign out">
      <Sheet title="Sign out">
        <p>Do you want to sign out of Sallyport in this browser?</p>
        {raw(form)}
        <div class="actions side">
          <button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>
          <button type="submit" form="op.logoutForm" class="plain">Stay signed in</button>
        </div>
      </Sheet>
    </Layout>
  );
}

export function signedOutPage(): Markup {
  return messagePage({
    title: "Signed out",
    lines: ["You may close this page."],
    next: { href: paths.account, label: "Sign in again" },
  });
}
