import { z } from "zod";

export const passkeysMax = 10;
export const passkeyNameLengthMax = 64;
/** How many are given at a time; each is good once. */
export const recoveryCodesCount = 10;

const Base64Url = z.string().regex(/^[A-Za-z0-9_-]+$/);

/** What makes codes from a secret and the time, on a phone or in a password manager. */
export const Totp = z.strictObject({
  /** 160 bits in base32. */
  secret: z.string().regex(/^[A-Z2-7]{32}$/),
  confirmedAt: z.iso.datetime(),
  /** Of the last code that was used, in periods of 30 s since 1970. It and those before are used up. */
  usedStep: z.int().nonnegative(),
});
export type Totp = z.output<typeof Totp>;

export const PasskeyName = z.string().trim().min(1).max(passkeyNameLengthMax);

/** @see {@link https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential | WebAuthn, what to keep} */
export const Passkey = z.strictObject({
  /** The credential's, in base64url: at most 1023 bytes. */
  id: Base64Url.max(1_364),
  /** COSE, in base64url. */
  publicKey: Base64Url.max(4_096),
  /** Signatures so far, or 0 where the authenticator does not count. */
  counter: z.int().nonnegative(),
  transports: z.array(z.string().max(32)).max(10),
  /** It can be copied to other devices by whoever made it: several may then sign. */
  isBackupEligible: z.boolean(),
  isBackedUp: z.boolean(),
  name: PasskeyName,
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().optional(),
});
export type Passkey = z.output<typeof Passkey>;

/** What somebody signs in by besides their password, or instead of it. */
export const Factors = z.strictObject({
  totp: Totp.optional(),
  /** Keyed hashes of those that were not used yet. */
  recoveryCodes: z.array(z.string().min(1)).max(recoveryCodesCount),
  passkeys: z.array(Passkey).max(passkeysMax),
});
export type Factors = z.output<typeof Factors>;

export const noFactors: Factors = { recoveryCodes: [], passkeys: [] };
