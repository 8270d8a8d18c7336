import type { Resealable } from "platform/crypto";
import type { Outbox } from "platform/events";
import type { IdempotencyStore } from "platform/http";
import type { ReadinessCheck } from "platform/telemetry";
import type { PaymentStore, PaymentWorkStore, WebhookInbox } from "../ports.ts";

/** Everything that payment keeps, in one place, so that it commits together. */
export interface Stores extends AsyncDisposable {
  readonly payments: PaymentStore;
  readonly work: PaymentWorkStore;
  readonly webhooks: WebhookInbox;
  readonly idempotency: IdempotencyStore;
  readonly outbox: Outbox;
  /** All that is kept sealed. */
  readonly sealed: readonly Resealable[];
  /** Whether they can be reached. */
  readonly checks: readonly ReadinessCheck[];
}
