import type { Happening } from "platform/events";
import type { Transition } from "../domain/mod.ts";

/** What a transition tells other programs, if anything. */
export function paymentHappening({ payment, event }: Transition): Happening | undefined {
  if (!event) return undefined;
  const { id: paymentId, orderId, customerId, amountMinor, refundedMinor, currency } = payment;
  return {
    type: event.type,
    subject: paymentId,
    at: new Date(event.at),
    data: { paymentId, orderId, customerId, amountMinor, refundedMinor, currency },
  };
}
