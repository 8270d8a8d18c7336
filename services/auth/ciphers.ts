import { z } from "zod";
import {
  type BlindIndex,
  blindIndexOf,
  type DocumentCipher,
  type KeyRing,
  openDocumentCipher,
} from "platform/crypto";
import { Account, OutgoingMail, User } from "./domain/mod.ts";

/** What is kept of an artifact besides its names: all of it is somebody's business. */
export const ArtifactDocument = z.object({
  payload: z.record(z.string(), z.unknown()).meta({ sensitive: true }),
});
export type ArtifactDocument = z.output<typeof ArtifactDocument>;

/** A copy of a person, as it lies where replicas share it. */
export const UserCopy = z.object({ value: User.meta({ sensitive: true }) });
export type UserCopy = z.output<typeof UserCopy>;

/** What is kept of mail that is to be sent, besides its times. */
export const MailDocument = z.object({ mail: OutgoingMail.meta({ sensitive: true }) });
export type MailDocument = z.output<typeof MailDocument>;

/** What of auth's data is kept sealed, and by what an account is found all the same. */
export interface Ciphers {
  /** The record is the account's id. */
  readonly accounts: DocumentCipher<Account>;
  /** The record is the artifact's key. */
  readonly artifacts: DocumentCipher<ArtifactDocument>;
  /** Of the key of an e-mail address. */
  readonly emails: BlindIndex;
  /** The record is the copy's key in the cache. */
  readonly copies: DocumentCipher<UserCopy>;
  /** The record is the mail's id. */
  readonly mails: DocumentCipher<MailDocument>;
  /** Of whom attempts to sign in are counted for. */
  readonly attempts: BlindIndex;
  /** Of an entry of the audit log, with the hash of the one before. */
  readonly audit: BlindIndex;
  /** Of a person and their recovery code. */
  readonly recoveryCodes: BlindIndex;
}

export function ciphersOf(ring: KeyRing): Ciphers {
  const users = { service: "auth", table: "users" };
  const artifacts = { service: "auth", table: "artifacts" };
  return {
    accounts: openDocumentCipher({ ring, ...users, schema: Account }),
    artifacts: openDocumentCipher({ ring, ...artifacts, schema: ArtifactDocument }),
    emails: blindIndexOf(ring, { ...users, field: "email" }),
    copies: openDocumentCipher({ ring, service: "auth", table: "copies", schema: UserCopy }),
    mails: openDocumentCipher({ ring, service: "auth", table: "mails", schema: MailDocument }),
    audit: blindIndexOf(ring, { service: "auth", table: "audit", field: "entry" }),
    attempts: blindIndexOf(ring, { service: "auth", table: "sign-in attempts", field: "who" }),
    recoveryCodes: blindIndexOf(ring, { ...users, field: "factors.recoveryCodes" }),
  };
}
