import { html, raw } from "hono/html";

type Markup = ReturnType<typeof html>;

/** Where pages find their styles, at the edge as behind it. */
const stylesPath = "/oidc/assets/login.css";

/**
 * Headers of every page: no script runs on it, no other site frames it, nothing keeps it.
 *
 * @param goesOnTo URIs to which an answer to the page's form may redirect: browsers hold the whole
 * chain of redirects to `form-action`.
 */
export function pageHeaders(goesOnTo: readonly string[]): Record<string, string> {
  const formAction = ["'self'", ...new Set(goesOnTo.map(sourceOf))].join(" ");
  return {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy":
      "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; " +
      `form-action ${formAction}`,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  };
}

/** What a policy calls the place: its origin, or for a native program's own scheme that scheme. */
function sourceOf(uri: string): string {
  const { origin, protocol } = new URL(uri);
  return origin === "null" ? protocol : origin;
}

async function page(title: string, content: Markup): Promise<string> {
  const markup = await html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${title} – Sallyport</title>
        <link rel="stylesheet" href="${stylesPath}">
      </head>
      <body>
        <main>
    <h1>${title}</h1>
    ${content}
        </main>
      </body>
    </html>
  `;
  return String(markup);
}

/** The sign-in form. It posts to its own address, so that it works wherever it is shown. */
export function loginPage(
  { clientName, email, alert }: {
    readonly clientName: string;
    readonly email: string;
    /** Why the form is shown again. */
    readonly alert?: string | undefined;
  },
): Promise<string> {
  const content = html`
    <p>To go on to <strong>${clientName}</strong></p>
    ${alert ? html`<p role="alert">${alert}</p>` : ""}
    <form method="post">
      <label for="email">E-mail address</label>
      <input id="email" name="email" type="email" autocomplete="username" required maxlength="254"
        value="${email}">
      <label for="password">Password</label>
      <input id="password" name="password" type="password" autocomplete="current-password" required
        maxlength="512">
      <button type="submit">Sign in</button>
    </form>
  `;
  return page("Sign in", content);
}

/** @param error code of OAuth 2.0, the only thing said about what went wrong. */
export function errorPage(error: string): Promise<string> {
  return page(
    "This did not work",
    html`<p>The request to sign in could not be answered. Go back to where you came from and try again.</p>
<p>Code: <code>${error}</code></p>`,
  );
}

/** @param form made by oidc-provider, with the identifier that both buttons refer to. */
export function signOutPage(form: string): Promise<string> {
  const content = html`<p>Do you want to sign out of Sallyport?</p>
${raw(form)}
<button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>
<button type="submit" form="op.logoutForm">Stay signed in</button>`;
  return page("Sign out", content);
}

export function signedOutPage(): Promise<string> {
  return page("Signed out", html`<p>You may close this page.</p>`);
}
