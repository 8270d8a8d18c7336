import type { Postgres } from "platform/postgres";
import type { Claim } from "platform/work";
import type { Course, OrderId } from "../domain/mod.ts";
import type { SagaStore } from "../ports.ts";
import { readOrder } from "./postgres_order_store.ts";
import type { PostgresSagas } from "./postgres_sagas.ts";
import { SagaIdRow } from "./postgres_rows.ts";

/** Leases sagas in the PostgreSQL database of orders, to one process each. */
export class PostgresSagaStore implements SagaStore {
  readonly #db: Postgres;
  readonly #sagas: PostgresSagas;

  constructor(db: Postgres, sagas: PostgresSagas) {
    this.#db = db;
    this.#sagas = sagas;
  }

  claim(id: OrderId, at: Date, leaseMs: number): Promise<Claim<Course> | undefined> {
    const leasedUntil = new Date(at.getTime() + leaseMs);
    return this.#db.transaction(async (sql) => {
      const [row] = await sql`
        update sagas set leased_until = ${leasedUntil}
        where order_id = ${id} and not is_done and leased_until <= ${at}
        returning order_id, key_id, document`;
      // Read after the saga is ours: whoever changes an order writes its saga, too, and waits.
      const order = row && await readOrder(sql, id);
      if (!order) return undefined;
      return { item: { order, saga: this.#sagas.openRow(row) }, leasedUntil };
    });
  }

  async due(at: Date, limit: number): Promise<readonly OrderId[]> {
    const rows = await this.#db.run((sql) =>
      sql`
        select order_id from sagas
        where not is_done and due_at <= ${at} and leased_until <= ${at}
        order by due_at limit ${limit}`
    );
    return rows.map((row) => SagaIdRow.parse(row).order_id);
  }

  async release(id: OrderId, leasedUntil: Date): Promise<void> {
    await this.#db.run((sql) =>
      sql`
        update sagas set leased_until = 'epoch'
        where order_id = ${id} and leased_until = ${leasedUntil}`
    );
  }

  async postpone(id: OrderId, until: Date): Promise<void> {
    await this.#db.run((sql) =>
      sql`
        update sagas set due_at = greatest(due_at, ${until})
        where order_id = ${id} and not is_done`
    );
  }
}
