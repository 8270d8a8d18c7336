import { consumeEvents, type EventReader } from "platform/events";
import type { Periodic } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";
import { OrderId } from "./domain/mod.ts";
import type { PaymentEvents } from "./ports.ts";

const source = "sallyport://payment";

/** A refund is made without orders: only the event tells. The rest is in the order's own events. */
const refunded = "sallyport.payment.payment.refunded";

export interface PaymentEventsOptions {
  readonly reader: EventReader;
  readonly inbox: PaymentEvents;
  readonly log: Logger;
  readonly now: () => Date;
  /** Called for each order that payment has news of. */
  readonly wake: (id: OrderId) => void;
}

/** Follows payment's events: they are put into the order's history, and its saga goes on at once. */
export function followPayments({ reader, inbox, log, now, wake }: PaymentEventsOptions): Periodic {
  return consumeEvents({ source, reader, log }, async ({ event }) => {
    const order = OrderId.safeParse(event.data["orderId"]);
    const remembered = event.type === refunded;
    const effect = order.success ? { orderId: order.data, remembered } : undefined;
    await inbox.apply(event, effect, now());
    if (order.success) wake(order.data);
  });
}
