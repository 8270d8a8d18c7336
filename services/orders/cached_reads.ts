import { type Reach, within } from "platform/access";
import { Cache, type CacheStore, jsonCodec } from "platform/cache";
import { consumeEvents, type EventReader } from "platform/events";
import type { Periodic } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";
import { z } from "zod";
import { Order, Product, ProductId, type Transition } from "./domain/mod.ts";
import type { OrderReads, OrderStore, ProductReads, ProductStore } from "./ports.ts";

/** How long a copy may live that no event tells of: after a crash at the wrong moment. */
export const orderTtlMs = 30_000;
export const productTtlMs = 30_000;

interface Stores {
  readonly orders: OrderStore;
  readonly products: ProductStore;
}

interface Reads {
  readonly orders: OrderReads;
  readonly products: ProductReads;
}

/** Copies of orders and products by id, for those who only read one. */
export class CachedReads {
  readonly #orders: Cache<Order>;
  readonly #products: Cache<Product>;

  constructor(store: CacheStore, log: Logger) {
    this.#orders = new Cache({
      name: "orders.order",
      store,
      codec: jsonCodec(Order),
      ttlMs: orderTtlMs,
      log,
    });
    this.#products = new Cache({
      name: "orders.product",
      store,
      codec: jsonCodec(Product),
      ttlMs: productTtlMs,
      log,
    });
  }

  get counts(): {
    readonly orders: Cache<Order>["counts"];
    readonly products: Cache<Product>["counts"];
  } {
    return { orders: this.#orders.counts, products: this.#products.counts };
  }

  /** Reads through the copies. Who may see an order is asked of what comes out, each time. */
  over({ orders, products }: Reads): Reads {
    return {
      orders: {
        find: async (id, reach) => {
          const order = await this.#orders.read(id, () => orders.find(id, everything));
          return order && within(reach, order.customerId) ? order : undefined;
        },
      },
      products: { find: (id) => this.#products.read(id, () => products.find(id)) },
    };
  }

  /** The stores themselves; a write makes the copies void before it is answered, and when nobody knows whether it was made. */
  invalidatedBy({ orders, products }: Stores): Stores {
    return {
      orders: {
        find: orders.find.bind(orders),
        list: orders.list.bind(orders),
        history: orders.history.bind(orders),
        place: async (id, productIds, decide) => {
          try {
            return await orders.place(id, productIds, decide);
          } finally {
            await this.#changed([id], productIds);
          }
        },
        transition: async (id, reach, decide) => {
          let made: Transition | undefined;
          try {
            return await orders.transition(id, reach, (before) => made = decide(before));
          } finally {
            if (made) await this.#changed([id], made.releasesStock ? productsOf(made.order) : []);
          }
        },
      },
      products: {
        insert: products.insert.bind(products),
        find: products.find.bind(products),
        list: products.list.bind(products),
        update: async (id, change, at) => {
          try {
            return await products.update(id, change, at);
          } finally {
            await this.#changed([], [id]);
          }
        },
      },
    };
  }

  /**
   * Makes copies void by our own events, too: whoever made a change may have died before it came to that.
   * An event that names what nobody here knows is of no concern.
   */
  follow({ reader, log }: { readonly reader: EventReader; readonly log: Logger }): Periodic {
    const source = "sallyport://orders";
    return consumeEvents({ source, reader, log, everyMs: followEveryMs }, async ({ event }) => {
      if (event.type === productChanged) return await this.#changed([], [event.subject]);
      const { productIds } = OrderEventData.parse(event.data);
      await this.#changed([event.subject], productIds);
    });
  }

  async #changed(orderIds: readonly string[], productIds: readonly string[]): Promise<void> {
    await Promise.all([
      this.#orders.invalidate(orderIds),
      this.#products.invalidate(productIds),
    ]);
  }
}

/** With the relay's own pace, well within 250 ms from the commit to the last stale read. */
const followEveryMs = 50;

/** Told by the product store. */
export const productChanged = "sallyport.orders.product.changed";

/** The replicas, as readers of their own events. */
export const copiesGroup = { source: "orders", group: "orders.copies" };

/** What the copies hold is everybody's; who sees it is asked afterwards. */
const everything: Reach = "any";

const OrderEventData = z.object({ productIds: z.array(ProductId).default([]) });

function productsOf({ lines }: Order): readonly ProductId[] {
  return lines.map(({ productId }) => productId);
}
