import { type Reach, within } from "platform/access";
import { Cache, type CacheStore, jsonCodec } from "platform/cache";
import { consumeEvents, type EventReader } from "platform/events";
import type { Periodic } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";
import { Payment } from "./domain/mod.ts";
import type { PaymentReads, PaymentStore } from "./ports.ts";

/** How long a copy may live that no event tells of. Short: not every change of a payment has an event. */
export const paymentTtlMs = 5_000;

const followEveryMs = 50;

/** The replicas, as readers of their own events. */
export const copiesGroup = { source: "payment", group: "payment.copies" };

/** What the copies hold is everybody's; who sees it is asked afterwards. */
const everything: Reach = "any";

/** Copies of payments by id, for those who only read one. */
export class CachedReads {
  readonly #payments: Cache<Payment>;

  constructor(store: CacheStore, log: Logger) {
    this.#payments = new Cache({
      name: "payment.payment",
      store,
      codec: jsonCodec(Payment),
      ttlMs: paymentTtlMs,
      log,
    });
  }

  /** Reads through the copies. Who may see a payment is asked of what comes out, each time. */
  over(payments: PaymentStore): PaymentReads {
    return {
      find: async (id, reach) => {
        const payment = await this.#payments.read(id, () => payments.find(id, everything));
        return payment && within(reach, payment.customerId) ? payment : undefined;
      },
    };
  }

  /** The store itself; a write makes the copy void before it is answered, and when nobody knows whether it was made. */
  invalidatedBy(payments: PaymentStore): PaymentStore {
    return {
      open: payments.open.bind(payments),
      find: payments.find.bind(payments),
      list: payments.list.bind(payments),
      balances: payments.balances.bind(payments),
      transition: async (id, reach, decide) => {
        try {
          return await payments.transition(id, reach, decide);
        } finally {
          await this.#payments.invalidate([id]);
        }
      },
    };
  }

  /** Makes copies void by our own events, too: whoever made a change may have died before it came to that. */
  follow({ reader, log }: { readonly reader: EventReader; readonly log: Logger }): Periodic {
    const source = "sallyport://payment";
    return consumeEvents({ source, reader, log, everyMs: followEveryMs }, async ({ event }) => {
      await this.#payments.invalidate([event.subject]);
    });
  }
}
