import { type FormFields, readForm } from "./form_body.ts";
import { type FormGuard, formTokenField } from "./form_guard.ts";
import type { OidcRequest } from "./interaction.ts";

const cookieName = "__Host-form";
const cookiePattern = /^[\w-]{22,64}$/;
const idBytes = 16;

/** A form for somebody who is nobody yet. */
export interface AnonymousForm {
  readonly token: string;
  /** Of the page that shows it. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Ties forms to the browser that they were given to, by a cookie that holds nothing else. */
export class AnonymousForms {
  readonly #guard: FormGuard;

  constructor(guard: FormGuard) {
    this.#guard = guard;
  }

  async give(c: OidcRequest): Promise<AnonymousForm> {
    const id = idOf(c) ?? newId();
    const cookie = `${cookieName}=${id}; Path=/; Secure; HttpOnly; SameSite=Lax`;
    return { token: await this.#guard.tokenFor(bindingOf(id)), headers: { "set-cookie": cookie } };
  }

  /**
   * @returns the fields, and whether the form is one that this browser was given.
   * @throws {Problem} `forbidden` for what comes from another site, and what {@linkcode readForm} throws.
   */
  async take(c: OidcRequest): Promise<{ readonly fields: FormFields; readonly isOwn: boolean }> {
    this.#guard.refuseForeign(c.req.raw);
    const fields = await readForm(c.req.raw);
    const id = idOf(c);
    const isOwn = id !== undefined &&
      await this.#guard.isOwn(bindingOf(id), fields[formTokenField]);
    return { fields, isOwn };
  }
}

/** Told when a form is not one that the browser was given. */
export const formExpired = "The form had expired. Please send it again.";

function idOf(c: OidcRequest): string | undefined {
  const cookies = (c.req.header("cookie") ?? "").split(/;\s*/);
  const prefix = `${cookieName}=`;
  const id = cookies.find((cookie) => cookie.startsWith(prefix))?.slice(prefix.length);
  return id !== undefined && cookiePattern.test(id) ? id : undefined;
}

function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(idBytes));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

function bindingOf(id: string): string {
  return `browser ${id}`;
}
