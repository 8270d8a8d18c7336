import type { Order, OrderEvent, OrderStatus } from "./order.ts";
import { OrderError } from "./order_error.ts";
import { enter, retryLater, type Saga } from "./saga.ts";

/** An order and what is left to do for it. */
export interface Course {
  readonly order: Order;
  readonly saga: Saga;
}

/** All that one step of an order's life writes, together or not at all. */
export interface Transition extends Course {
  /** Whether the order's reservation goes back into stock. */
  readonly releasesStock: boolean;
  /** What is told to the order's history and to other programs. */
  readonly event?: OrderEvent;
}

const eventTypes = {
  pending: "sallyport.orders.order.placed",
  authorized: "sallyport.orders.order.authorized",
  confirmed: "sallyport.orders.order.confirmed",
  fulfilled: "sallyport.orders.order.fulfilled",
  payment_failed: "sallyport.orders.order.payment_failed",
  cancelled: "sallyport.orders.order.cancelled",
} as const satisfies Record<OrderStatus, string>;

/** A fresh order, its stock taken by whoever writes this. */
export function placed(course: Course): Transition {
  return { ...course, releasesStock: false, event: eventOf(course.order) };
}

/** The payment holds the money: capture comes next. */
export function authorized({ order, saga }: Course, paymentId: string, at: Date): Transition {
  return step({ order, saga: enter(saga, "capture", at) }, "authorized", at, { paymentId });
}

/** The payment has the money: the order is the customer's. */
export function confirmed({ order, saga }: Course, paymentId: string, at: Date): Transition {
  return step({ order, saga: enter(saga, "done", at) }, "confirmed", at, { paymentId });
}

/**
 * The order will not be paid. Its stock goes back now. When a payment may still hold or take
 * money, undoing it comes next.
 */
export function paymentFailed(
  { order, saga }: Course,
  { undo, at }: { readonly undo: boolean; readonly at: Date },
): Transition {
  const next = enter(saga, undo ? "undo_payment" : "done", at);
  return { ...step({ order, saga: next }, "payment_failed", at), releasesStock: true };
}

/**
 * The order is off: its stock goes back, its payment is undone. A cancelled order stays as it is.
 *
 * @throws {OrderError} `not_cancellable` once it is fulfilled or its payment has failed.
 */
export function cancelled({ order, saga }: Course, at: Date): Transition {
  switch (order.status) {
    case "pending":
    case "authorized":
    case "confirmed": {
      const next = enter(saga, "undo_payment", at);
      return { ...step({ order, saga: next }, "cancelled", at), releasesStock: true };
    }
    case "cancelled":
      return { order, saga, releasesStock: false };
    case "fulfilled":
    case "payment_failed":
      throw new OrderError("not_cancellable", `Cannot cancel order: it is ${order.status}`);
  }
}

/** @throws {OrderError} `not_fulfillable` unless the order is confirmed. */
export function fulfilled({ order, saga }: Course, at: Date): Transition {
  if (order.status !== "confirmed") {
    throw new OrderError("not_fulfillable", `Cannot fulfil order: it is ${order.status}`);
  }
  return step({ order, saga }, "fulfilled", at);
}

/** The payment's name is known, its outcome is not: ask again later. */
export function unsettled(
  { order, saga }: Course,
  paymentId: string | null,
  at: Date,
): Transition {
  const named = paymentId !== null && order.paymentId === null;
  const next = named ? { ...touched(order, at), paymentId } : order;
  return { order: next, saga: retryLater(saga, at), releasesStock: false };
}

/** Nothing is left to undo. */
export function undone({ order, saga }: Course, at: Date): Transition {
  return { order, saga: enter(saga, "done", at), releasesStock: false };
}

function step(
  { order, saga }: Course,
  status: OrderStatus,
  at: Date,
  changes: Partial<Order> = {},
): Transition {
  const next = { ...touched(order, at), ...changes, status };
  return { order: next, saga, releasesStock: false, event: eventOf(next) };
}

function touched(order: Order, at: Date): Order {
  return { ...order, updatedAt: at.toISOString(), version: order.version + 1 };
}

function eventOf(
  { status, updatedAt, customerId, totalMinor, currency, paymentId, lines }: Order,
): OrderEvent {
  const productIds = lines.map(({ productId }) => productId);
  const data = { status, customerId, totalMinor, currency, paymentId, productIds };
  return { type: eventTypes[status], at: updatedAt, data };
}
