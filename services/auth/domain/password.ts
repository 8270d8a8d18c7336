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
/** A word of the person or the place may be in a password that is long enough without it. */
const ownLengthMin = 8;
const unitLengthMax = 10;
const placeName = "sallyport";

/** Rows of keys, and what people count by. */
const rows = ["abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"]
  .flatMap((row) => [row, [...row].reverse().join("")]);

/**
 * Refuses what is guessed from a pattern or from who it is of. Whether others use it, a list knows.
 *
 * @throws {AuthError} `password_refused`
 * @see {@link https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver | NIST SP 800-63B-4, 3.1.1.2}
 */
export function refuseGuessable(password: string, email: string, name = ""): void {
  const folded = password.toLowerCase();
  if (trivial.has(folded) || new Set(folded).size < 3 || isRepeated(folded) || isSequence(folded)) {
    throw new AuthError("password_refused", "The password is among the first that are guessed");
  }
  const localPart = email.slice(0, email.lastIndexOf("@")).toLowerCase();
  if (localPart.length >= localPartLengthMin && folded.includes(localPart)) {
    throw new AuthError("password_refused", "The password contains the name of the e-mail address");
  }
  const words = [placeName, ...name.toLowerCase().split(/[^\p{L}\p{N}]+/u)];
  const own = words.filter((word) => word.length >= localPartLengthMin)
    .reduce((left, word) => left.replaceAll(word, ""), folded);
  if (own.length < ownLengthMin && own !== folded) {
    throw new AuthError("password_refused", "The password is little more than a name");
  }
}

/** The same short thing again and again. */
function isRepeated(text: string): boolean {
  // A text is a repetition when it is found in two of itself before the second one begins.
  const unitLength = (text + text).indexOf(text, 1);
  return unitLength < text.length && unitLength <= unitLengthMax;
}

/** Most of it goes on as the alphabet, the digits or a row of keys does. */
function isSequence(text: string): boolean {
  let following = 0;
  for (let at = 1; at < text.length; at++) {
    if (rows.some((row) => row.includes(text.slice(at - 1, at + 1)))) following++;
  }
  return following >= 0.75 * (text.length - 1);
}

const leet: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "i",
  "3": "e",
  "4": "a",
  "5": "s",
  "7": "t",
  "@": "a",
  "$": "s",
  "!": "i",
};

/** What to look up in a list of passwords: itself, and what people make new ones of. */
export function spellingsOf(password: string): readonly string[] {
  const folded = password.toLowerCase();
  const bare = folded.replace(/[\d\p{P}\p{S}\s]+$/u, "").replace(/^[\d\p{P}\p{S}\s]+/u, "");
  const plain = (text: string) => text.replaceAll(/[013457@$!]/g, (sign) => leet[sign]!);
  return [...new Set([folded, bare, plain(folded), plain(bare), bareOf(plain(folded))])];
}

function bareOf(text: string): string {
  return text.replace(/[\d\p{P}\p{S}\s]+$/u, "");
}
