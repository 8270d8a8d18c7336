import type { NoticeKind } from "./domain/mod.ts";

/** A message without whom it is for. */
export interface MailText {
  readonly subject: string;
  readonly text: string;
}

export function resetText(
  { name, link, minutes }: {
    readonly name: string;
    readonly link: string;
    readonly minutes: number;
  },
): MailText {
  return {
    subject: "Set a new password",
    text: `Hello ${name},

somebody, probably you, asked for a new password for your Sallyport account.
To set one, open this within ${minutes} minutes:

${link}

If it was not you, do nothing: your password stays as it is.
`,
  };
}

export function signUpText(
  { name, link, minutes }: {
    readonly name: string;
    readonly link: string;
    readonly minutes: number;
  },
): MailText {
  return {
    subject: "Finish signing up",
    text: `Hello ${name},

to make your Sallyport account, open this within ${minutes} minutes:

${link}

If you did not want an account, do nothing: there will be none.
`,
  };
}

export function alreadySignedUpText(
  { name, accountUrl, forgotUrl }: {
    readonly name: string;
    readonly accountUrl: string;
    readonly forgotUrl: string;
  },
): MailText {
  return {
    subject: "You have an account already",
    text: `Hello ${name},

somebody, probably you, tried to make a Sallyport account with this address.
There is one already. To sign in:

${accountUrl}

If you do not know your password any more:

${forgotUrl}

If it was not you, there is nothing to do: nobody has been let in.
`,
  };
}

const noticeTexts: Readonly<Record<NoticeKind, MailText>> = {
  "password_changed": {
    subject: "Your password was changed",
    text: "the password of your Sallyport account was changed, and every device was signed out.",
  },
  "totp_added": {
    subject: "An authenticator app was added",
    text:
      "an authenticator app was added to your Sallyport account: signing in asks for its codes.",
  },
  "totp_removed": {
    subject: "The authenticator app was removed",
    text: "the authenticator app of your Sallyport account was removed.",
  },
  "passkey_added": {
    subject: "A passkey was added",
    text: "a passkey was added to your Sallyport account: whoever has it can sign in.",
  },
  "passkey_removed": {
    subject: "A passkey was removed",
    text: "a passkey of your Sallyport account was removed.",
  },
  "recovery_codes_renewed": {
    subject: "New recovery codes were made",
    text: "new recovery codes were made for your Sallyport account. Those before them are void.",
  },
  "recovery_code_used": {
    subject: "A recovery code was used",
    text: "somebody signed in to your Sallyport account by your password and a recovery code.",
  },
  "factors_reset": {
    subject: "Your password is enough again",
    text:
      "an administrator removed the authenticator app, the passkeys and the recovery codes of your Sallyport account, and signed every device out.",
  },
};

export function noticeText(
  notice: NoticeKind,
  { name, forgotUrl }: { readonly name: string; readonly forgotUrl: string },
): MailText {
  const { subject, text } = noticeTexts[notice];
  return {
    subject,
    text: `Hello ${name},

${text}

If it was not you, set a new password now, and tell whoever runs this place:

${forgotUrl}
`,
  };
}
