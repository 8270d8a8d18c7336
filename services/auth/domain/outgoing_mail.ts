import { z } from "zod";
import { UserId } from "./user.ts";

/** What the owner of an account is told of by mail, after the fact: a change that they may not have made. */
export const NoticeKind = z.enum([
  "password_changed",
  "totp_added",
  "totp_removed",
  "passkey_added",
  "passkey_removed",
  "recovery_codes_renewed",
  "recovery_code_used",
  "factors_reset",
]);
export type NoticeKind = z.output<typeof NoticeKind>;

/** Mail that somebody is to get, as it is meant: what it says and whether it is sent is settled later. */
export const OutgoingMail = z.discriminatedUnion("kind", [
  /** A link to set a new password, if there is an account. */
  z.object({ kind: z.literal("reset"), email: z.string() }),
  /** A link to finish signing up; or word of the attempt, if there is an account already. */
  z.object({
    kind: z.literal("sign_up"),
    email: z.string(),
    name: z.string(),
    passwordHash: z.string(),
  }),
  z.object({
    kind: z.literal("notice"),
    notice: NoticeKind,
    accountId: UserId,
    /** That the account has from the change on. With a lower one, the change has not come about. */
    version: z.int().positive(),
  }),
]);
export type OutgoingMail = z.output<typeof OutgoingMail>;

/** One that is kept until it is sent, or is of no use any more. */
export interface QueuedMail {
  readonly id: string;
  readonly mail: OutgoingMail;
  readonly queuedAt: Date;
  /** Not to be sent before. */
  readonly dueAt: Date;
}
