import { type Reach, within } from "platform/access";
import { type Page, type PageQuery, toPage } from "platform/http";
import {
  type Postgres,
  type PostgresOutbox,
  type Sql,
  WriteConflictError,
} from "platform/postgres";
import type {
  Course,
  Order,
  OrderEvent,
  OrderId,
  Product,
  ProductId,
  Transition,
} from "../domain/mod.ts";
import type { OrderStore } from "../ports.ts";
import type { PostgresSagas } from "./postgres_sagas.ts";
import { CourseRow, EventRow, OrderRow, placeOf } from "./postgres_rows.ts";
import { changeStock, lockProducts } from "./postgres_stock.ts";

/** Keeps orders in PostgreSQL. Any number of processes may share one database. */
export class PostgresOrderStore implements OrderStore {
  readonly #db: Postgres;
  readonly #outbox: PostgresOutbox;
  readonly #sagas: PostgresSagas;

  constructor(db: Postgres, outbox: PostgresOutbox, sagas: PostgresSagas) {
    this.#db = db;
    this.#outbox = outbox;
    this.#sagas = sagas;
  }

  place(
    id: OrderId,
    productIds: readonly ProductId[],
    decide: (products: readonly Product[]) => Transition,
  ): Promise<Order> {
    return this.#db.transaction(async (sql) => {
      const products = await lockProducts(sql, productIds);
      // Looked for under the lock: who places the same order at the same time may just have done so.
      const there = await readOrder(sql, id);
      if (there) return there;
      const transition = decide(products);
      if (!await insertOrder(sql, transition.order)) {
        throw new WriteConflictError("Cannot place order: it has just been placed");
      }
      await this.#sagas.write(sql, transition.saga);
      await changeStock(sql, transition.order, -1);
      await this.#tell(sql, transition);
      return transition.order;
    });
  }

  async find(id: OrderId, reach: Reach): Promise<Order | undefined> {
    return await this.#db.run((sql) => readWithin(sql, id, reach));
  }

  async list(reach: Reach, query: PageQuery): Promise<Page<Order>> {
    const { limit } = query;
    const place = placeOf(query);
    if (place === "nowhere") return toPage<Order>([], limit, positionOf);
    const rows = await this.#db.run((sql) =>
      sql`
        select * from orders
        where ${reach === "any" ? sql`true` : sql`customer_id = ${reach.owner}`}
          and ${place === "start" ? sql`true` : sql`(created_at, id) < (${place.at}, ${place.id})`}
        order by created_at desc, id desc limit ${limit + 1}`
    );
    return toPage(rows.map((row) => OrderRow.parse(row)), limit, positionOf);
  }

  async history(
    id: OrderId,
    reach: Reach,
    { limit, cursor }: PageQuery,
  ): Promise<Page<OrderEvent> | undefined> {
    const rows = await this.#db.run(async (sql) =>
      await readWithin(sql, id, reach) && await sql`
        select position, event from order_events
        where order_id = ${id} and position > ${Number(cursor?.id ?? 0)}
        order by position limit ${limit + 1}`
    );
    if (!rows) return undefined;
    const events = rows.map((row) => EventRow.parse(row));
    const page = toPage(
      events,
      limit,
      ({ position, event }) => ({ at: event.at, id: String(position) }),
    );
    return { ...page, items: page.items.map(({ event }) => event) };
  }

  transition(
    id: OrderId,
    reach: Reach,
    decide: (course: Course) => Transition,
  ): Promise<Course | undefined> {
    return this.#db.transaction(async (sql, attempt) => {
      // Optimistic at first. Who has lost to another waits for its turn, and then cannot lose again. A
      // statement of its own: one that waits sees the saga as it was before.
      if (attempt > 1) await sql`select from orders where id = ${id} for no key update`;
      const [row] = await sql`
        select orders.*, sagas.key_id, sagas.document as saga
        from orders join sagas on sagas.order_id = orders.id where orders.id = ${id}`;
      if (!row) return undefined;
      const order = OrderRow.parse(row);
      if (!within(reach, order.customerId)) return undefined;
      const { revision, key_id: keyId, saga: document } = CourseRow.parse(row);
      const saga = this.#sagas.open(id, { keyId, document });
      const transition = decide({ order, saga });
      await updateOrder(sql, transition.order, revision);
      await this.#sagas.write(sql, transition.saga);
      if (transition.releasesStock) await changeStock(sql, transition.order, 1);
      await this.#tell(sql, transition);
      return { order: transition.order, saga: transition.saga };
    });
  }

  async #tell(sql: Sql, { order, event }: Transition): Promise<void> {
    if (!event) return;
    await addToHistory(sql, order.id, event);
    const { type, at, data } = event;
    await this.#outbox.add(sql, {
      type,
      subject: order.id,
      at: new Date(at),
      data: { orderId: order.id, ...data },
    });
  }
}

export async function readOrder(sql: Sql, id: OrderId): Promise<Order | undefined> {
  const [row] = await sql`select * from orders where id = ${id}`;
  return row && OrderRow.parse(row);
}

export async function addToHistory(sql: Sql, id: OrderId, event: OrderEvent): Promise<void> {
  await sql`
    insert into order_events (order_id, event) values (${id}, ${
    JSON.stringify(event)
  }::text::json)`;
}

async function readWithin(sql: Sql, id: OrderId, reach: Reach): Promise<Order | undefined> {
  const order = await readOrder(sql, id);
  return order && within(reach, order.customerId) ? order : undefined;
}

/** @returns whether it was not there yet. */
async function insertOrder(sql: Sql, order: Order): Promise<boolean> {
  const document = JSON.stringify({ lines: order.lines });
  const { count } = await sql`
    insert into orders (
      id, customer_id, status, total_minor, currency, payment_id, created_at, updated_at, version,
      document
    ) values (
      ${order.id}, ${order.customerId}, ${order.status}, ${order.totalMinor}, ${order.currency},
      ${order.paymentId}, ${order.createdAt}, ${order.updatedAt}, ${order.version},
      ${document}::text::json
    ) on conflict do nothing`;
  return count === 1;
}

/** @throws {WriteConflictError} when it was written since it had that revision. */
async function updateOrder(sql: Sql, order: Order, revision: number): Promise<void> {
  const { count } = await sql`
    update orders set
      status = ${order.status}, payment_id = ${order.paymentId}, updated_at = ${order.updatedAt},
      version = ${order.version}, revision = revision + 1
    where id = ${order.id} and revision = ${revision}`;
  if (count !== 1) throw new WriteConflictError("Cannot change order: it was changed meanwhile");
}

function positionOf({ createdAt, id }: Order): { at: string; id: string } {
  return { at: createdAt, id };
}
