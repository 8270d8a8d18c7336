import { Alert, Field } from "./controls.tsx";
import { Layout, type Markup, Sheet } from "./layout.tsx";
import { messagePage } from "./message_pages.tsx";

interface DeviceForm {
  /** Where the form goes, and what shows that it came from us. */
  readonly action: string;
  readonly xsrf: string;
}

/** Where somebody types the code that their television shows. */
export function deviceCodePage(
  { action, xsrf, code, fault }: DeviceForm & {
    readonly code: string;
    readonly fault: string | undefined;
  },
): Markup {
  return (
    <Layout title="Connect a device">
      <Sheet title="Connect a device">
        <p>Type the code that your device shows.</p>
        <form method="post" action={action}>
          <input type="hidden" name="xsrf" value={xsrf} />
          <Field
            label="Code"
            name="user_code"
            autocomplete="off"
            maxlength={20}
            value={code}
            fault={fault}
          />
          <div class="actions">
            <button type="submit">Go on</button>
          </div>
        </form>
      </Sheet>
    </Layout>
  );
}

/** Who is handed a link with a code in it must see that the device is their own. */
export function deviceConfirmPage(
  { action, xsrf, clientName, userCode }: DeviceForm & {
    readonly clientName: string;
    readonly userCode: string;
  },
): Markup {
  return (
    <Layout title="Connect a device">
      <Sheet title="Is this your device?">
        <p>
          <strong>{clientName}</strong> wants to act for you. Go on only if it shows this code:
        </p>
        <p class="code">{userCode}</p>
        <p>Somebody who sent you the code, or a link with it, wants to use your account.</p>
        <form method="post" action={action}>
          <input type="hidden" name="xsrf" value={xsrf} />
          <input type="hidden" name="user_code" value={userCode} />
          <div class="actions side">
            <button type="submit" name="confirm" value="yes">Connect it</button>
            <button type="submit" name="abort" value="yes" class="plain">It is not mine</button>
          </div>
        </form>
      </Sheet>
    </Layout>
  );
}

export function deviceDonePage(): Markup {
  return messagePage({
    title: "Your device is connected",
    lines: ["You may close this page and go on there."],
  });
}

export function tooManyCodesPage(alert: string): Markup {
  return (
    <Layout title="Connect a device">
      <Sheet title="Connect a device">
        <Alert>{alert}</Alert>
      </Sheet>
    </Layout>
  );
}
