import type { Child } from "hono/jsx";
import { formTokenField } from "../form_guard.ts";
import type { Markup } from "./layout.tsx";

export interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly type?: "text" | "email" | "password";
  /** What password managers and browsers fill in by. */
  readonly autocomplete: string;
  readonly value?: string | undefined;
  readonly maxlength: number;
  readonly hint?: string | undefined;
  /** What is wrong with what was typed. */
  readonly fault?: string | undefined;
  readonly inputmode?: "numeric" | undefined;
  readonly autofocus?: boolean;
  /** Stands at the right of the label. */
  readonly beside?: Child;
}

/** One labelled field that must be filled in. Its hint and fault are read out with it. */
export function Field(
  { label, name, type = "text", hint, fault, beside, autofocus, ...input }: FieldProps,
): Markup {
  const described = [hint && `${name}-hint`, fault && `${name}-fault`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <div class="beside">
        <label for={name}>{label}</label>
        {beside}
      </div>
      {hint ? <p class="hint" id={`${name}-hint`}>{hint}</p> : null}
      {fault ? <p class="fault" id={`${name}-fault`}>{fault}</p> : null}
      <input
        id={name}
        name={name}
        type={type}
        required
        autofocus={autofocus === true}
        spellcheck={false}
        autocapitalize="none"
        aria-describedby={described || undefined}
        aria-invalid={fault ? "true" : undefined}
        {...input}
      />
    </div>
  );
}

/** Tells at once, also to those who hear the page, that something did not work. */
export function Alert({ children }: { readonly children?: Child }): Markup {
  return <p class="notice bad" role="alert">{children}</p>;
}

/** Tells that something is done. */
export function Done({ children }: { readonly children?: Child }): Markup {
  return <p class="notice" role="status">{children}</p>;
}

/** Proof that a form came from us to this very browser. Every form of a page with a cookie has one. */
export function FormToken({ token }: { readonly token: string }): Markup {
  return <input type="hidden" name={formTokenField} value={token} />;
}

/** Told when a new password is asked for. */
export const passwordHint =
  "At least 12 characters. A few words in a row are better than one with digits and signs.";
