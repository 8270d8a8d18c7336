import type { EmbeddedStoresConfig } from "platform/config";
import { EmbeddedOutbox } from "platform/events";
import { EmbeddedIdempotencyStore } from "platform/store";
import type { Ciphers } from "../ciphers.ts";
import { openEmbeddedDatabase } from "./embedded_database.ts";
import { EmbeddedOrderStore } from "./embedded_order_store.ts";
import { EmbeddedPaymentEvents } from "./embedded_payment_events.ts";
import { EmbeddedProductStore } from "./embedded_product_store.ts";
import { EmbeddedSagaStore } from "./embedded_saga_store.ts";
import { sealedSagas } from "./sealed_sagas.ts";
import type { Stores } from "./stores.ts";

export function openEmbeddedStores(
  { path }: EmbeddedStoresConfig,
  ciphers: Ciphers,
): Stores {
  const db = openEmbeddedDatabase(path, ciphers);
  const sagas = sealedSagas(db, ciphers);
  const outbox = new EmbeddedOutbox(db, "orders");
  return {
    orders: new EmbeddedOrderStore(db, outbox, sagas),
    products: new EmbeddedProductStore(db, outbox),
    sagas: new EmbeddedSagaStore(db, sagas),
    paymentEvents: new EmbeddedPaymentEvents(db),
    idempotency: new EmbeddedIdempotencyStore(db),
    outbox,
    sealed: [sagas],
    // A file that is open does not go away.
    checks: [],
    [Symbol.asyncDispose]() {
      db[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}
