import { type CloudEvent, EmbeddedInbox } from "platform/events";
import type { Database } from "platform/store";
import type { OrderId } from "../domain/mod.ts";
import type { PaymentEvents } from "../ports.ts";
import { addToHistory, readOrder } from "./embedded_order_store.ts";

/** Takes in payment's events through the inbox in the SQLite file of orders. */
export class EmbeddedPaymentEvents implements PaymentEvents {
  readonly #db: Database;
  readonly #inbox: EmbeddedInbox;

  constructor(db: Database) {
    this.#db = db;
    this.#inbox = new EmbeddedInbox(db);
  }

  apply(
    event: CloudEvent,
    effect: { readonly orderId: OrderId; readonly remembered: boolean } | undefined,
    at: Date,
  ): Promise<void> {
    this.#db.transaction(() => {
      const isNew = this.#inbox.remember(event.id, at);
      if (!isNew || !effect || !readOrder(this.#db, effect.orderId)) return;
      const { type, time, data } = event;
      if (effect.remembered) addToHistory(this.#db, effect.orderId, { type, at: time, data });
      this.#db.run("update sagas set due_at = :due where order_id = :id and is_done = 0", {
        id: effect.orderId,
        due: at.toISOString(),
      });
    });
    return Promise.resolve();
  }
}
