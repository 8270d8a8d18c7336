import type { EmbeddedStoresConfig } from "platform/config";
import {
  EmbeddedEventPublisher,
  EmbeddedOutbox,
  type EventPublisher,
  type Outbox,
} from "platform/events";
import type { IdempotencyStore } from "platform/http";
import { EmbeddedIdempotencyStore } from "platform/store";
import type { OrderStore, PaymentEvents, ProductStore, SagaStore } from "../ports.ts";
import { openEmbeddedDatabase } from "./embedded_database.ts";
import { EmbeddedOrderStore } from "./embedded_order_store.ts";
import { EmbeddedPaymentEvents } from "./embedded_payment_events.ts";
import { EmbeddedProductStore } from "./embedded_product_store.ts";
import { EmbeddedSagaStore } from "./embedded_saga_store.ts";

export * from "./http_payments.ts";

/** Everything that orders keeps, in one place, so that it commits together. */
export interface Stores extends AsyncDisposable {
  readonly orders: OrderStore;
  readonly products: ProductStore;
  readonly sagas: SagaStore;
  readonly paymentEvents: PaymentEvents;
  readonly idempotency: IdempotencyStore;
  readonly outbox: Outbox;
  readonly publisher: EventPublisher;
}

export function openStores({ path, eventsPath }: EmbeddedStoresConfig): Stores {
  const db = openEmbeddedDatabase(path);
  const outbox = new EmbeddedOutbox(db, "orders");
  const publisher = new EmbeddedEventPublisher(eventsPath);
  return {
    orders: new EmbeddedOrderStore(db, outbox),
    products: new EmbeddedProductStore(db),
    sagas: new EmbeddedSagaStore(db),
    paymentEvents: new EmbeddedPaymentEvents(db),
    idempotency: new EmbeddedIdempotencyStore(db),
    outbox,
    publisher,
    async [Symbol.asyncDispose]() {
      await publisher[Symbol.asyncDispose]();
      db[Symbol.dispose]();
    },
  };
}
