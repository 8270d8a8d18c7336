import type { Database, SealedColumn } from "platform/store";
import type { Claim } from "platform/work";
import { type Course, OrderId, type Saga } from "../domain/mod.ts";
import type { SagaStore } from "../ports.ts";
import { readOrder, readSaga } from "./embedded_order_store.ts";

/** Leases sagas in the SQLite file of orders. */
export class EmbeddedSagaStore implements SagaStore {
  readonly #db: Database;
  readonly #sagas: SealedColumn<Saga>;

  constructor(db: Database, sagas: SealedColumn<Saga>) {
    this.#db = db;
    this.#sagas = sagas;
  }

  // deno-lint-ignore require-await -- what the transaction throws must come as a rejection.
  async claim(id: OrderId, at: Date, leaseMs: number): Promise<Claim<Course> | undefined> {
    return this.#db.transaction(() => {
      const now = at.getTime();
      const until = now + leaseMs;
      const claimed = this.#db.run(
        `update sagas set leased_until_ms = :until
         where order_id = :id and is_done = 0 and leased_until_ms <= :now`,
        { id, now, until },
      );
      if (claimed === 0) return undefined;
      const order = readOrder(this.#db, id);
      if (!order) return undefined;
      const item = { order, saga: readSaga(this.#db, this.#sagas, id) };
      return { item, leasedUntil: new Date(until) };
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

  release(id: OrderId, leasedUntil: Date): Promise<void> {
    this.#db.run(
      "update sagas set leased_until_ms = 0 where order_id = :id and leased_until_ms = :until",
      { id, until: leasedUntil.getTime() },
    );
    return Promise.resolve();
  }

  postpone(id: OrderId, until: Date): Promise<void> {
    this.#db.run(
      "update sagas set due_at = max(due_at, :until) where order_id = :id and is_done = 0",
      { id, until: until.toISOString() },
    );
    return Promise.resolve();
  }
}
