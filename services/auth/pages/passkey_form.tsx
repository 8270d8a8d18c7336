import type { Child } from "hono/jsx";

export interface PasskeyFormProps {
  /** `offer`: the browser also offers passkeys where it fills in an address. */
  readonly use: "create" | "get" | "offer";
  /** Path of what the browser asks its authenticator by. */
  readonly options: string;
  /** Where the answer is posted to; the page's own address if it is not said. */
  readonly action?: string;
  readonly label: string;
  readonly plain?: boolean;
  readonly children?: Child;
}

/** A form that only our script shows: passkeys need one. It posts the answer as `passkey`. */
export function PasskeyForm({ use, options, action, label, plain, children }: PasskeyFormProps) {
  return (
    <form method="post" action={action} data-passkey={use} data-options={options} hidden>
      {children}
      <input type="hidden" name="passkey" value="" />
      <p class="fault" role="alert"></p>
      <div class="actions">
        <button type="submit" class={plain ? "plain" : undefined}>{label}</button>
      </div>
    </form>
  );
}
