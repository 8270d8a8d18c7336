import { z } from "zod";
import type { AccountAccess, SignedIn } from "./account_access.ts";
import type { Applications } from "./applications.ts";
import { rightsOf } from "./consent.ts";
import { changedProfile, NewUser, Password, signedOutEverywhere } from "./domain/mod.ts";
import type { FormFields } from "./form_body.ts";
import type { OidcRequest } from "./interaction.ts";
import { paths } from "./page_paths.ts";
import {
  applicationsPage,
  messagePage,
  pageResponse,
  passwordPage,
  type PasswordPageProps,
  profilePage,
  type ProfilePageProps,
  sessionsPage,
} from "./pages/mod.ts";
import {
  newPasswordHash,
  type PasswordChangeDependencies,
  replacePassword,
} from "./password_change.ts";
import { passwordSet } from "./password_reset.ts";
import { refusalOf } from "./refusal.ts";
import { seeOther } from "./see_other.ts";
import type { BrowserSession, SessionVisits } from "./session_visits.ts";
import { deviceOf } from "./user_agent.ts";

export interface AccountDependencies extends PasswordChangeDependencies {
  readonly access: AccountAccess;
  readonly visits: SessionVisits;
  readonly applications: Applications;
}

const ProfileForm = NewUser.pick({ name: true });
const PasswordForm = z.object({ current: z.string().min(1).max(512), password: Password });

/** What a page says after a form was taken, by the word in its address. */
const doneTexts: ReadonlyMap<string, string> = new Map([
  ["saved", "Saved."],
  ["signed_out", "The device is signed out."],
  ["taken_back", "The application has no access any more."],
]);

/** What people see and change of their own account, in the browser. */
export class AccountPages {
  readonly #dependencies: AccountDependencies;

  constructor(dependencies: AccountDependencies) {
    this.#dependencies = dependencies;
  }

  showProfile(c: OidcRequest): Promise<Response> {
    const page = (who: SignedIn) => Promise.resolve(profile(who, { done: doneOf(c) }));
    return this.#dependencies.access.show(c, paths.account, page);
  }

  changeProfile(c: OidcRequest): Promise<Response> {
    const { access, users, now } = this.#dependencies;
    return access.take(c, paths.account, async (who, { name }) => {
      const given = ProfileForm.safeParse({ name });
      if (!given.success) {
        return profile(who, { fault: "Tell us a name of up to 200 characters." }, 422);
      }
      const { id } = who.account;
      await users.update(
        id,
        { owner: id },
        (current) => changedProfile(current, given.data, now()),
      );
      return seeOther(`${paths.account}?done=saved`);
    });
  }

  showPassword(c: OidcRequest): Promise<Response> {
    return this.#dependencies.access.show(
      c,
      paths.password,
      (who) => Promise.resolve(password(who)),
    );
  }

  changePassword(c: OidcRequest): Promise<Response> {
    return this.#dependencies.access.take(
      c,
      paths.password,
      (who, fields) => this.#changePassword(who, fields),
    );
  }

  showSessions(c: OidcRequest): Promise<Response> {
    const { access, visits } = this.#dependencies;
    return access.show(c, paths.sessions, async ({ account, formToken, sessionUid }) => {
      const sessions = await visits.list(account.id);
      const rows = sessions.map((session) => rowOf(session, sessionUid));
      return pageResponse(sessionsPage({ formToken, rows, done: doneOf(c) }));
    });
  }

  endSession(c: OidcRequest): Promise<Response> {
    const { access, visits } = this.#dependencies;
    return access.take(c, paths.sessions, async (who, { session, everywhere }) => {
      if (everywhere !== undefined) return await this.#signOutEverywhere(who);
      await visits.end(who.account.id, session ?? "");
      return session === who.sessionUid
        ? signedOut()
        : seeOther(`${paths.sessions}?done=signed_out`);
    });
  }

  showApplications(c: OidcRequest): Promise<Response> {
    const { access, applications } = this.#dependencies;
    return access.show(c, paths.applications, async ({ account, formToken }) => {
      const rows = (await applications.list(account.id)).map((application) => ({
        ...application,
        since: day(application.allowedAt),
        rights: rightsOf(application.scope),
      }));
      return pageResponse(applicationsPage({ formToken, rows, done: doneOf(c) }));
    });
  }

  disconnect(c: OidcRequest): Promise<Response> {
    const { access, applications } = this.#dependencies;
    return access.take(c, paths.applications, async ({ account }, { client }) => {
      await applications.disconnect(account.id, client ?? "");
      return seeOther(`${paths.applications}?done=taken_back`);
    });
  }

  async #changePassword(who: SignedIn, fields: FormFields): Promise<Response> {
    const given = PasswordForm.safeParse(fields);
    if (!given.success) {
      const fault = "A password has 12 to 128 characters.";
      return password(who, { faults: { password: fault } }, 422);
    }
    const { current: currentPassword, password: wanted } = given.data;
    try {
      const passwordHash = await newPasswordHash(
        who.account,
        { password: wanted, currentPassword },
        this.#dependencies,
      );
      await replacePassword(who.account, passwordHash, this.#dependencies);
    } catch (thrown) {
      const { code, status, headers, alert } = refusalOf(thrown);
      if (code === "current_password_wrong") {
        return password(who, { faults: { current: "This is not your password." } }, status);
      }
      const told = code === "password_refused" ? { faults: { password: alert } } : { alert };
      return password(who, told, status, headers);
    }
    return passwordSet();
  }

  async #signOutEverywhere({ account: { id } }: SignedIn): Promise<Response> {
    const { users, now } = this.#dependencies;
    const change = (current: SignedIn["account"]) => signedOutEverywhere(current, now());
    await users.update(id, { owner: id }, change, { revokesGrants: true });
    return signedOut();
  }
}

function doneOf(c: OidcRequest): string | undefined {
  return doneTexts.get(c.req.query("done") ?? "");
}

function profile(
  { account: { name, email, createdAt }, formToken }: SignedIn,
  told: Pick<ProfilePageProps, "done" | "fault"> = {},
  status = 200,
): Response {
  const since = day(new Date(createdAt));
  return pageResponse(profilePage({ formToken, name, email, since, ...told }), { status });
}

function password(
  { account: { email }, formToken }: SignedIn,
  told: Pick<PasswordPageProps, "alert" | "faults"> = {},
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return pageResponse(passwordPage({ formToken, email, ...told }), { status, headers });
}

function signedOut(): Response {
  const lines = ["What was open there asks for your password before it goes on."];
  const next = { href: paths.account, label: "Sign in again" };
  return pageResponse(messagePage({ title: "Signed out", lines, next }));
}

function rowOf({ uid, signedInAt, last }: BrowserSession, own: string) {
  const lines = [`Signed in on ${moment(signedInAt)}`];
  if (last) {
    lines.push(`Last seen on ${moment(last.at)}${last.address && `, from ${last.address}`}`);
  }
  const device = deviceOf(last?.userAgent ?? "");
  return { uid, device, lines, isThis: uid === own };
}

function day(at: Date): string {
  return at.toLocaleDateString("en-GB", { dateStyle: "long", timeZone: "UTC" });
}

function moment(at: Date): string {
  const text = at.toLocaleString("en-GB", {
    dateStyle: "long",
    timeStyle: "short",
    timeZone: "UTC",
  });
  return `${text} UTC`;
}
