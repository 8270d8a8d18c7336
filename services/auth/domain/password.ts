import { z } from "zod";
import { AuthError } from "./auth_error.ts";

export const passwordLengthMin = 12;
export const passwordLengthMax = 128;

/**
 * The one spelling of a password: how a keyboard composes an accent must not decide who gets in.
 *
 * @see {@link https://pages.nist.gov/800-63-4/sp800-63b.html | NIST SP 800-63B, passwords}
 */
export function normalPassword(typed: string): string {
  return typed.normalize("NFKC");
}

/** A new password: long enough, of whatever characters. Does not check that it is hard to guess. */
export const Password = z.string().max(4 * passwordLengthMax).transform(normalPassword).refine(
  (password) => {
    const { length } = [...password];
    return length >= passwordLengthMin && length <= passwordLengthMax;
  },
  `Must have ${passwordLengthMin} to ${passwordLengthMax} characters`,
);

/** Long enough to pass for a password, and tried first by everyone who guesses. */
const trivial = new Set([
  "123456789012",
  "1234567890123",
  "123412341234",
  "123123123123",
  "abcdefghijkl",
  "adminadminadmin",
  "changemechangeme",
  "iloveyouiloveyou",
  "letmeinletmein",
  "password1234",
  "password12345",
  "password123456",
  "passwordpassword",
  "qwertyqwerty",
  "qwertyuiop12",
  "qwertyuiop123",
  "qwertyuiopasdfghjkl",
  "q1w2e3r4t5y6",
  "1q2w3e4r5t6y",
  "welcomewelcome",
]);

const localPartLengthMin = 4;

/** @throws {AuthError} `password_refused` when the password is among the first that are tried. */
export function refuseGuessable(password: string, email: string): void {
  const folded = password.toLowerCase();
  if (trivial.has(folded) || new Set(folded).size < 3) {
    throw new AuthError("password_refused", "The password is among the first that are guessed");
  }
  const localPart = email.slice(0, email.lastIndexOf("@")).toLowerCase();
  if (localPart.length >= localPartLengthMin && folded.includes(localPart)) {
    throw new AuthError("password_refused", "The password contains the name of the e-mail address");
  }
}
