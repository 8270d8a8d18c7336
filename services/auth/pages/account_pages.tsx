import type { Child } from "hono/jsx";
import { type AccountPath, accountSections, paths } from "../page_paths.ts";
import { Alert, Done, Field, FormToken, passwordHint } from "./controls.tsx";
import { Layout, type Markup } from "./layout.tsx";

/** What every page of the account is given. */
export interface AccountPageProps {
  readonly formToken: string;
  /** Why what was sent did not work. */
  readonly alert?: string | undefined;
  /** What has just been done. */
  readonly done?: string | undefined;
}

export interface AccountLayoutProps extends Omit<AccountPageProps, "formToken"> {
  readonly title: string;
  /** The section that the page is. */
  readonly path: AccountPath;
  readonly script?: string | undefined;
  readonly children?: Child;
}

/** The frame of the account pages: where one is among them, and what came of what was sent. */
export function AccountLayout(
  { title, path, alert, done, script, children }: AccountLayoutProps,
): Markup {
  return (
    <Layout
      title={title}
      width="wide"
      script={script}
      masthead={<a href={paths.signOut}>Sign out</a>}
    >
      <h1>{title}</h1>
      <nav aria-label="Account">
        <ul class="tabs">
          {accountSections.map((section) => (
            <li>
              <a href={section.path} aria-current={section.path === path ? "page" : undefined}>
                {section.label}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      {alert ? <Alert>{alert}</Alert> : null}
      {done ? <Done>{done}</Done> : null}
      {children}
    </Layout>
  );
}

export interface ProfilePageProps extends AccountPageProps {
  readonly name: string;
  readonly email: string;
  readonly since: string;
  readonly fault?: string | undefined;
}

/** Who the account is of. Posts `name`. */
export function profilePage(
  { formToken, name, email, since, fault, ...told }: ProfilePageProps,
): Markup {
  return (
    <AccountLayout title="Your profile" path={paths.account} {...told}>
      <section class="sheet" aria-label="Profile">
        <dl class="facts">
          <dt>E-mail address</dt>
          <dd>{email}</dd>
          <dt>Member since</dt>
          <dd>{since}</dd>
        </dl>
        <form method="post">
          <FormToken token={formToken} />
          <Field
            label="Name"
            name="name"
            autocomplete="name"
            maxlength={200}
            value={name}
            fault={fault}
          />
          <div class="actions">
            <button type="submit">Save</button>
          </div>
        </form>
      </section>
    </AccountLayout>
  );
}

export interface PasswordPageProps extends AccountPageProps {
  readonly email: string;
  readonly faults?: { readonly current?: string; readonly password?: string };
}

/** Another password. Posts `current` and `password`. */
export function passwordPage(
  { formToken, email, faults = {}, ...told }: PasswordPageProps,
): Markup {
  return (
    <AccountLayout title="Your password" path={paths.password} {...told}>
      <section class="sheet" aria-label="Change the password">
        <p>Changing it signs you out on every device, this one included.</p>
        <form method="post">
          <FormToken token={formToken} />
          <input type="hidden" name="username" autocomplete="username" value={email} />
          <Field
            label="Current password"
            name="current"
            type="password"
            autocomplete="current-password"
            maxlength={512}
            fault={faults.current}
          />
          <Field
            label="New password"
            name="password"
            type="password"
            autocomplete="new-password"
            maxlength={512}
            hint={passwordHint}
            fault={faults.password}
          />
          <div class="actions">
            <button type="submit">Change the password</button>
          </div>
        </form>
      </section>
    </AccountLayout>
  );
}

export interface SessionRow {
  readonly uid: string;
  readonly device: string;
  /** What is known of when and from where, in words. */
  readonly lines: readonly string[];
  readonly isThis: boolean;
}

/** Where the account is signed in. Posts `session`, the one to end, or `everywhere`. */
export function sessionsPage(
  { formToken, rows, ...told }: AccountPageProps & { readonly rows: readonly SessionRow[] },
): Markup {
  return (
    <AccountLayout title="Your devices" path={paths.sessions} {...told}>
      <section class="sheet" aria-label="Signed in">
        <ul class="rows">
          {rows.map(({ uid, device, lines, isThis }, at) => (
            <li>
              <div class="what">
                <p class="name" id={`device-${at}`}>
                  {device}
                  {isThis ? <span class="badge">this one</span> : null}
                </p>
                {lines.map((line) => <p class="quiet">{line}</p>)}
              </div>
              <form method="post">
                <FormToken token={formToken} />
                <button
                  type="submit"
                  class="plain"
                  name="session"
                  value={uid}
                  aria-describedby={`device-${at}`}
                >
                  Sign out
                </button>
              </form>
            </li>
          ))}
        </ul>
      </section>
      <section class="sheet" aria-labelledby="everywhere">
        <h2 id="everywhere">Sign out everywhere</h2>
        <p>
          Ends all sessions, this one included, and takes back what applications were allowed. Do
          this if you see a device that you do not know, and then set a new password.
        </p>
        <form method="post">
          <FormToken token={formToken} />
          <div class="actions">
            <button type="submit" class="danger" name="everywhere" value="yes">
              Sign out everywhere
            </button>
          </div>
        </form>
      </section>
    </AccountLayout>
  );
}

export interface ApplicationRow {
  readonly clientId: string;
  readonly name: string;
  readonly since: string;
  readonly rights: readonly string[];
}

/** What others' clients may do. Posts `client`, the one to take permission from. */
export function applicationsPage(
  { formToken, rows, ...told }: AccountPageProps & { readonly rows: readonly ApplicationRow[] },
): Markup {
  return (
    <AccountLayout title="Your applications" path={paths.applications} {...told}>
      <section class="sheet" aria-label="Applications with access">
        {rows.length === 0
          ? <p>You have given no application access to your account.</p>
          : (
            <ul class="rows">
              {rows.map(({ clientId, name, since, rights }, at) => (
                <li>
                  <div class="what">
                    <p class="name" id={`application-${at}`}>{name}</p>
                    <p class="quiet">Since {since}</p>
                    <ul class="list">{rights.map((right) => <li>{right}</li>)}</ul>
                  </div>
                  <form method="post">
                    <FormToken token={formToken} />
                    <button
                      type="submit"
                      class="danger"
                      name="client"
                      value={clientId}
                      aria-describedby={`application-${at}`}
                    >
                      Take access back
                    </button>
                  </form>
                </li>
              ))}
            </ul>
          )}
      </section>
    </AccountLayout>
  );
}
