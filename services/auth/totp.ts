import { Secret, TOTP } from "otpauth";

/** One code is good for as long. */
export const totpPeriodSeconds = 30;
export const totpDigits = 6;
/** Periods before and after that are looked at: clocks of phones and typing take time. */
export const totpWindow = 1;
const secretBytes = 20;
const issuer = "Sallyport";

/** What every authenticator app knows: others are left out by some, in silence. */
const parameters = { algorithm: "SHA1", digits: totpDigits, period: totpPeriodSeconds };

/** @returns 160 random bits in base32, as RFC 4226 asks for. */
export function newTotpSecret(): string {
  return new Secret({ size: secretBytes }).base32;
}

/** What an app reads from the QR code. @see {@link https://github.com/google/google-authenticator/wiki/Key-Uri-Format} */
export function totpUri(secret: string, email: string): string {
  return new TOTP({ ...parameters, issuer, label: email, secret }).toString();
}

/**
 * The period that `code` belongs to, counted from 1970, within {@linkcode totpWindow}; undefined when it
 * is none of the secret's. Does not check that it was used before.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6238#section-4 | RFC 6238}
 */
export function totpStepOf(secret: string, code: string, at: Date): number | undefined {
  const totp = new TOTP({ ...parameters, secret });
  const timestamp = at.getTime();
  const delta = totp.validate({ token: code, timestamp, window: totpWindow });
  return delta === null ? undefined : totp.counter({ timestamp }) + delta;
}

/** Digits as they are shown in groups, or read out. */
export function normalTotpCode(typed: string): string {
  return typed.replaceAll(/[\s-]/g, "");
}
