import type { Resealable } from "platform/crypto";
import type { Outbox } from "platform/events";
import type { IdempotencyStore } from "platform/http";
import type { ReadinessCheck } from "platform/telemetry";
import type { OrderStore, PaymentEvents, ProductStore, SagaStore } from "../ports.ts";

/** Everything that orders keeps, in one place, so that it commits together. */
export interface Stores extends AsyncDisposable {
  readonly orders: OrderStore;
  readonly products: ProductStore;
  readonly sagas: SagaStore;
  readonly paymentEvents: PaymentEvents;
  readonly idempotency: IdempotencyStore;
  readonly outbox: Outbox;
  /** All that is kept sealed. */
  readonly sealed: readonly Resealable[];
  /** Whether they can be reached. */
  readonly checks: readonly ReadinessCheck[];
}
