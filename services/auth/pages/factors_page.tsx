import { passkeyNameLengthMax, passkeysMax, recoveryCodesCount } from "../domain/mod.ts";
import { paths } from "../page_paths.ts";
import { AccountLayout, type AccountPageProps } from "./account_pages.tsx";
import { Field, FormToken } from "./controls.tsx";
import type { Markup } from "./layout.tsx";
import { PasskeyForm } from "./passkey_form.tsx";

export interface PasskeyRow {
  readonly id: string;
  readonly name: string;
  /** What is known of when, in words. */
  readonly lines: readonly string[];
}

export interface FactorsPageProps extends AccountPageProps {
  /** Since when there is an authenticator app, if there is one. */
  readonly totpSince: string | undefined;
  readonly passkeys: readonly PasskeyRow[];
  /** A name for the next passkey. */
  readonly deviceName: string;
  readonly recoveryCodesLeft: number;
  /** Where to sign in again, when that was too long ago to change anything here. */
  readonly signInAgain: string | undefined;
}

/**
 * What else the account's owner signs in by. Posts `action`, or `remove` or `rename`, each a passkey's id;
 * or `passkey`, what a browser has made.
 */
export function factorsPage(props: FactorsPageProps): Markup {
  const { alert, done, signInAgain, totpSince, passkeys } = props;
  const hasFactor = totpSince !== undefined || passkeys.length > 0;
  return (
    <AccountLayout
      title="How you sign in"
      path={paths.factors}
      alert={alert}
      done={done}
      script={paths.passkeysScript}
    >
      {signInAgain
        ? (
          <p class="notice">
            To change something here, <a href={signInAgain}>sign in again</a>.
          </p>
        )
        : null}
      <Passkeys {...props} />
      <AuthenticatorApp {...props} />
      {hasFactor ? <RecoveryCodes {...props} /> : null}
    </AccountLayout>
  );
}

function Passkeys({ formToken, passkeys, deviceName, signInAgain }: FactorsPageProps) {
  return (
    <section class="sheet" aria-labelledby="passkeys">
      <h2 id="passkeys">Passkeys</h2>
      <p class="quiet">
        Your device or a security key knows you, by its PIN or your finger. No false site can use
        what it says.
      </p>
      {passkeys.length > 0
        ? (
          <ul class="rows">
            {passkeys.map((row, at) => (
              <PasskeyItem {...row} {...{ at, formToken, mayRemove: !signInAgain }} />
            ))}
          </ul>
        )
        : null}
      {signInAgain || passkeys.length >= passkeysMax
        ? null
        : (
          <PasskeyForm use="create" options={paths.passkeyCreation} label="Add a passkey">
            <FormToken token={formToken} />
            <Field
              label="Name of the new passkey"
              name="name"
              autocomplete="off"
              maxlength={passkeyNameLengthMax}
              value={deviceName}
            />
          </PasskeyForm>
        )}
      {passkeys.length >= passkeysMax ? <p>There are as many as there may be.</p> : null}
      <noscript>
        <p>To add a passkey, allow JavaScript on this page.</p>
      </noscript>
    </section>
  );
}

function PasskeyItem({ id, name, lines, at, formToken, mayRemove }: PasskeyRow & {
  readonly at: number;
  readonly formToken: string;
  readonly mayRemove: boolean;
}) {
  return (
    <li>
      <div class="what">
        <p class="name" id={`passkey-${at}`}>{name}</p>
        {lines.map((line) => <p class="quiet">{line}</p>)}
        <details>
          <summary aria-describedby={`passkey-${at}`}>Rename</summary>
          <form method="post">
            <FormToken token={formToken} />
            <input type="hidden" name="rename" value={id} />
            <label for={`name-${at}`}>New name</label>
            <input
              id={`name-${at}`}
              name="name"
              value={name}
              required
              maxlength={passkeyNameLengthMax}
              autocomplete="off"
            />
            <div class="actions">
              <button type="submit" class="plain">Rename</button>
            </div>
          </form>
        </details>
      </div>
      {mayRemove
        ? (
          <form method="post">
            <FormToken token={formToken} />
            <button
              type="submit"
              class="danger"
              name="remove"
              value={id}
              aria-describedby={`passkey-${at}`}
            >
              Remove
            </button>
          </form>
        )
        : null}
    </li>
  );
}

function AuthenticatorApp({ formToken, totpSince, signInAgain }: FactorsPageProps) {
  return (
    <section class="sheet" aria-labelledby="app">
      <h2 id="app">Authenticator app</h2>
      <p class="quiet">
        {totpSince === undefined
          ? "An app on your phone shows a new code every 30 seconds, to be typed after the password."
          : `Set up on ${totpSince}.`}
      </p>
      {signInAgain ? null : (
        <form method="post">
          <FormToken token={formToken} />
          <div class="actions">
            {totpSince === undefined
              ? <button type="submit" name="action" value="begin_totp">Set up an app</button>
              : (
                <button type="submit" name="action" value="remove_totp" class="danger">
                  Remove the app
                </button>
              )}
          </div>
        </form>
      )}
    </section>
  );
}

function RecoveryCodes({ formToken, recoveryCodesLeft, signInAgain }: FactorsPageProps) {
  return (
    <section class="sheet" aria-labelledby="recovery">
      <h2 id="recovery">Recovery codes</h2>
      <p>
        {recoveryCodesLeft} of {recoveryCodesCount}{" "}
        are left. With your password, each lets you in once when you have lost the rest.
      </p>
      {signInAgain ? null : (
        <form method="post">
          <FormToken token={formToken} />
          <div class="actions">
            <button type="submit" name="action" value="renew_recovery_codes" class="plain">
              Make new codes
            </button>
          </div>
        </form>
      )}
    </section>
  );
}
