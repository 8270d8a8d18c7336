import type { EmbeddedStoresConfig } from "platform/config";
import { EmbeddedOutbox } from "platform/events";
import { EmbeddedIdempotencyStore } from "platform/store";
import type { Ciphers } from "../ciphers.ts";
import { openEmbeddedDatabase } from "./embedded_database.ts";
import { EmbeddedPaymentStore } from "./embedded_payment_store.ts";
import { EmbeddedPaymentWorkStore, EmbeddedWebhookInbox } from "./embedded_payment_work_store.ts";
import { sealedWork } from "./sealed_work.ts";
import type { Stores } from "./stores.ts";

export function openEmbeddedStores(
  { path }: EmbeddedStoresConfig,
  ciphers: Ciphers,
): Stores {
  const db = openEmbeddedDatabase(path, ciphers);
  const work = sealedWork(db, ciphers);
  const outbox = new EmbeddedOutbox(db, "payment");
  return {
    payments: new EmbeddedPaymentStore(db, outbox, work),
    work: new EmbeddedPaymentWorkStore(db, work),
    webhooks: new EmbeddedWebhookInbox(db),
    idempotency: new EmbeddedIdempotencyStore(db),
    outbox,
    sealed: [work],
    // A file that is open does not go away.
    checks: [],
    [Symbol.asyncDispose]() {
      db[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}
