import type { Database } from "platform/store";
import { type Course, OrderId } from "../domain/mod.ts";
import type { SagaStore } from "../ports.ts";
import { readOrder, readSaga } from "./embedded_order_store.ts";

/** Leases sagas in the SQLite file of orders. */
export class EmbeddedSagaStore implements SagaStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  // deno-lint-ignore require-await
  async claim(id: OrderId, at: Date, leaseMs: number): Promise<Course | undefined> {
    return this.#db.transaction(() => {
      const now = at.getTime();
      const claimed = this.#db.run(
        `update sagas set leased_until_ms = :until
         where order_id = :id and is_done = 0 and leased_until_ms <= :now`,
        { id, now, until: now + leaseMs },
      );
      if (claimed === 0) return undefined;
      const order = readOrder(this.#db, id);
      return order && { order, saga: readSaga(this.#db, id) };
    });
  }

  due(at: Date, limit: number): Promise<readonly OrderId[]> {
    const rows = this.#db.all(
      `select order_id from sagas
       where is_done = 0 and due_at <= :at and leased_until_ms <= :now
       order by due_at limit :limit`,
      { at: at.toISOString(), now: at.getTime(), limit },
    );
    return Promise.resolve(rows.map((row) => OrderId.parse(row["order_id"])));
  }

  release(id: OrderId): Promise<void> {
    this.#db.run("update sagas set leased_until_ms = 0 where order_id = :id", { id });
    return Promise.resolve();
  }
}
