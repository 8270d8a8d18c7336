import type { Child } from "hono/jsx";
import type { Markup } from "./layout.tsx";

export interface PasskeyFormProps {
  /** `offer`: the browser also offers passkeys where it fills in an address. */
  readonly use: "create" | "get" | "offer";
  /** Path of what the browser asks its authenticator by. */
  readonly options: string;
  readonly label: string;
  readonly plain?: boolean;
  readonly children?: Child;
}

/** A form that only our script shows: passkeys need one. It posts the answer as `passkey`, to its own address. */
export function PasskeyForm(
  { use, options, label, plain, children }: PasskeyFormProps,
): Markup {
  return (
    <form method="post" data-passkey={use} data-options={options} hidden>
      {children}
      <input type="hidden" name="passkey" value="" />
      <p class="fault" role="alert"></p>
      <div class="actions">
        <button type="submit" class={plain ? "plain" : undefined}>{label}</button>
      </div>
    </form>
  );
}
