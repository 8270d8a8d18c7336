import type { CloudEvent } from "platform/events";
import { type Postgres, rememberEvent } from "platform/postgres";
import type { OrderId } from "../domain/mod.ts";
import type { PaymentEvents } from "../ports.ts";
import { addToHistory } from "./postgres_order_store.ts";

/** Takes in payment's events through the inbox in the PostgreSQL database of orders. */
export class PostgresPaymentEvents implements PaymentEvents {
  readonly #db: Postgres;

  constructor(db: Postgres) {
    this.#db = db;
  }

  async apply(
    event: CloudEvent,
    effect: { readonly orderId: OrderId; readonly remembered: boolean } | undefined,
    at: Date,
  ): Promise<void> {
    await this.#db.transaction(async (sql) => {
      if (!await rememberEvent(sql, event.id, at) || !effect) return;
      const { orderId: id, remembered } = effect;
      // Held, so that the history is numbered in the order in which it is committed.
      const [order] = await sql`select from orders where id = ${id} for no key update`;
      if (!order) return;
      const { type, time, data } = event;
      if (remembered) await addToHistory(sql, id, { type, at: time, data });
      await sql`update sagas set due_at = ${at} where order_id = ${id} and not is_done`;
    });
  }
}
