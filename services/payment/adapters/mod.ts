import type { EmbeddedStoresConfig } from "platform/config";
import {
  EmbeddedEventPublisher,
  EmbeddedOutbox,
  type EventPublisher,
  type Outbox,
} from "platform/events";
import type { IdempotencyStore } from "platform/http";
import { EmbeddedIdempotencyStore } from "platform/store";
import type { PaymentStore, PaymentWorkStore, WebhookInbox } from "../ports.ts";
import { openEmbeddedDatabase } from "./embedded_database.ts";
import { EmbeddedPaymentStore } from "./embedded_payment_store.ts";
import { EmbeddedPaymentWorkStore, EmbeddedWebhookInbox } from "./embedded_payment_work_store.ts";

export * from "./http_card_processor.ts";
export * from "./http_order_lookup.ts";

/** Everything that payment keeps, in one place, so that it commits together. */
export interface Stores extends AsyncDisposable {
  readonly payments: PaymentStore;
  readonly work: PaymentWorkStore;
  readonly webhooks: WebhookInbox;
  readonly idempotency: IdempotencyStore;
  readonly outbox: Outbox;
  readonly publisher: EventPublisher;
}

export function openStores({ path, eventsPath }: EmbeddedStoresConfig): Stores {
  const db = openEmbeddedDatabase(path);
  const outbox = new EmbeddedOutbox(db, "payment");
  const publisher = new EmbeddedEventPublisher(eventsPath);
  return {
    payments: new EmbeddedPaymentStore(db, outbox),
    work: new EmbeddedPaymentWorkStore(db),
    webhooks: new EmbeddedWebhookInbox(db),
    idempotency: new EmbeddedIdempotencyStore(db),
    outbox,
    publisher,
    async [Symbol.asyncDispose]() {
      await publisher[Symbol.asyncDispose]();
      db[Symbol.dispose]();
    },
  };
}
