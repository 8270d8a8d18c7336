import type { Resealable } from "platform/crypto";
import type { Outbox } from "platform/events";
import type { ReadinessCheck } from "platform/telemetry";
import type { AuditLog, GrantStore, MailStore, UserStore } from "../ports.ts";

/** Everything that auth keeps, in one place, so that it commits together. */
export interface Stores extends AsyncDisposable {
  readonly users: UserStore;
  readonly grants: GrantStore;
  readonly mails: MailStore;
  readonly audit: AuditLog;
  readonly outbox: Outbox;
  /** All that is kept sealed. */
  readonly sealed: readonly Resealable[];
  /** Whether they can be reached. */
  readonly checks: readonly ReadinessCheck[];
}
