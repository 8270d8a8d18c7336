import { type Reach, within } from "platform/access";
import type { EmbeddedOutbox } from "platform/events";
import { type Page, type PageQuery, toPage } from "platform/http";
import type { Database, SealedColumn } from "platform/store";
import {
  type Course,
  Order,
  OrderEvent,
  type OrderId,
  Product,
  type ProductId,
  reservationOf,
  type Saga,
  type Transition,
} from "../domain/mod.ts";
import type { OrderStore } from "../ports.ts";
import { writeProduct } from "./embedded_product_store.ts";

/** Keeps orders in one SQLite file: the default, for development and single-node use. */
export class EmbeddedOrderStore implements OrderStore {
  readonly #db: Database;
  readonly #outbox: EmbeddedOutbox;
  readonly #sagas: SealedColumn<Saga>;

  constructor(db: Database, outbox: EmbeddedOutbox, sagas: SealedColumn<Saga>) {
    this.#db = db;
    this.#outbox = outbox;
    this.#sagas = sagas;
  }

  // deno-lint-ignore require-await -- what the transaction throws must come as a rejection.
  async place(
    id: OrderId,
    productIds: readonly ProductId[],
    decide: (products: readonly Product[]) => Transition,
  ): Promise<Order> {
    return this.#db.transaction(() => {
      const there = readOrder(this.#db, id);
      if (there) return there;
      const products = productIds.flatMap((productId) => this.#product(productId) ?? []);
      const transition = decide(products);
      this.#insert(transition);
      this.#changeStock(transition.order, -1);
      this.#tell(transition);
      return transition.order;
    });
  }

  find(id: OrderId, reach: Reach): Promise<Order | undefined> {
    return Promise.resolve(this.#within(id, reach));
  }

  list(reach: Reach, { limit, cursor }: PageQuery): Promise<Page<Order>> {
    const owner = reach === "any" ? null : reach.owner;
    const rows = this.#db.all(
      `select document from orders
       where (:owner is null or customer_id = :owner)
         and (:at is null or (created_at, id) < (:at, :id))
       order by created_at desc, id desc limit :limit`,
      { owner, at: cursor?.at ?? null, id: cursor?.id ?? null, limit: limit + 1 },
    );
    const orders = rows.map((row) => Order.parse(JSON.parse(String(row["document"]))));
    return Promise.resolve(toPage(orders, limit, ({ createdAt, id }) => ({ at: createdAt, id })));
  }

  history(
    id: OrderId,
    reach: Reach,
    { limit, cursor }: PageQuery,
  ): Promise<Page<OrderEvent> | undefined> {
    if (!this.#within(id, reach)) return Promise.resolve(undefined);
    const rows = this.#db.all(
      `select position, event from order_events
       where order_id = :id and position > :after order by position limit :limit`,
      { id, after: Number(cursor?.id ?? 0), limit: limit + 1 },
    );
    const events = rows.map((row) => ({
      position: String(row["position"]),
      event: OrderEvent.parse(JSON.parse(String(row["event"]))),
    }));
    const page = toPage(events, limit, ({ position, event }) => ({ at: event.at, id: position }));
    return Promise.resolve({ ...page, items: page.items.map(({ event }) => event) });
  }

  // deno-lint-ignore require-await -- what the transaction throws must come as a rejection.
  async transition(
    id: OrderId,
    reach: Reach,
    decide: (course: Course) => Transition,
  ): Promise<Course | undefined> {
    return this.#db.transaction(() => {
      const order = this.#within(id, reach);
      if (!order) return undefined;
      const transition = decide({ order, saga: readSaga(this.#db, this.#sagas, id) });
      this.#update(transition);
      if (transition.releasesStock) this.#changeStock(transition.order, 1);
      this.#tell(transition);
      return { order: transition.order, saga: transition.saga };
    });
  }

  #within(id: OrderId, reach: Reach): Order | undefined {
    const order = readOrder(this.#db, id);
    return order && within(reach, order.customerId) ? order : undefined;
  }

  #product(id: ProductId): Product | undefined {
    const row = this.#db.get("select document from products where id = :id", { id });
    return row && Product.parse(JSON.parse(String(row["document"])));
  }

  #insert({ order, saga }: Transition): void {
    this.#db.run(
      `insert into orders (id, customer_id, created_at, document)
       values (:id, :customerId, :createdAt, :document)`,
      {
        id: order.id,
        customerId: order.customerId,
        createdAt: order.createdAt,
        document: JSON.stringify(order),
      },
    );
    this.#db.run(
      `insert into sagas (order_id, is_done, due_at, key_id, document)
       values (:id, :isDone, :dueAt, :keyId, :sealed)`,
      this.#sagaValues(saga),
    );
  }

  #update({ order, saga }: Transition): void {
    this.#db.run("update orders set document = :document where id = :id", {
      id: order.id,
      document: JSON.stringify(order),
    });
    this.#db.run(
      `update sagas set is_done = :isDone, due_at = :dueAt, key_id = :keyId, document = :sealed
       where order_id = :id`,
      this.#sagaValues(saga),
    );
  }

  #sagaValues(saga: Saga): Record<string, string | number> {
    return {
      ...this.#sagas.seal(saga.orderId, saga),
      id: saga.orderId,
      isDone: saga.step === "done" ? 1 : 0,
      dueAt: saga.dueAt,
    };
  }

  #changeStock(order: Order, sign: 1 | -1): void {
    for (const [productId, quantity] of reservationOf(order)) {
      const product = this.#product(productId);
      if (!product) throw new Error(`Cannot change stock: product ${productId} is gone`);
      const stock = product.stock + sign * quantity;
      writeProduct(this.#db, { ...product, stock, version: product.version + 1 });
    }
  }

  #tell({ order, event }: Transition): void {
    if (!event) return;
    addToHistory(this.#db, order.id, event);
    const { type, at, data } = event;
    this.#outbox.add({
      type,
      subject: order.id,
      at: new Date(at),
      data: { orderId: order.id, ...data },
    });
  }
}

export function readOrder(db: Database, id: OrderId): Order | undefined {
  const row = db.get("select document from orders where id = :id", { id });
  return row && Order.parse(JSON.parse(String(row["document"])));
}

export function readSaga(db: Database, sagas: SealedColumn<Saga>, id: OrderId): Saga {
  const row = db.get("select order_id, key_id, document from sagas where order_id = :id", { id });
  if (!row) throw new Error(`Cannot read saga: order ${id} has none`);
  return sagas.open(row);
}

export function addToHistory(db: Database, id: OrderId, event: OrderEvent): void {
  db.run("insert into order_events (order_id, event) values (:id, :event)", {
    id,
    event: JSON.stringify(event),
  });
}
