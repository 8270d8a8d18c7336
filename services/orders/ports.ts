import type { Reach } from "platform/access";
import type { CloudEvent } from "platform/events";
import type { Page, PageQuery } from "platform/http";
import type { WorkStore } from "platform/work";
import type {
  Course,
  Order,
  OrderEvent,
  OrderId,
  Product,
  ProductId,
  Transition,
} from "./domain/mod.ts";

/**
 * Where orders, the stock they reserve and their sagas are kept. Each method is one transaction.
 * An order outside `reach` is treated as absent, by every method of every adapter.
 */
export interface OrderStore {
  /**
   * Writes the order that `decide` makes of the products, and takes its lines out of their stock,
   * with no other write to them in between. When `decide` throws, nothing is written and the error
   * is passed on. When the order is there already, it is returned as it is.
   */
  place(
    id: OrderId,
    productIds: readonly ProductId[],
    decide: (products: readonly Product[]) => Transition,
  ): Promise<Order>;

  find(id: OrderId, reach: Reach): Promise<Order | undefined>;

  /** Newest first. */
  list(reach: Reach, query: PageQuery): Promise<Page<Order>>;

  /**
   * The order's history, oldest first; undefined when there is no such order within reach.
   * Ids in its cursors are decimal numbers.
   */
  history(id: OrderId, reach: Reach, query: PageQuery): Promise<Page<OrderEvent> | undefined>;

  /**
   * Writes the transition that `decide` makes: order, saga, stock, history and outgoing event,
   * with no other write in between. When `decide` throws, nothing is written and the error is passed on.
   *
   * @returns order and saga as written, or undefined when there is none within reach.
   */
  transition(
    id: OrderId,
    reach: Reach,
    decide: (course: Course) => Transition,
  ): Promise<Course | undefined>;
}

/** Where one order is looked at and not changed. It may be a copy, but never one older than a change that was answered. */
export type OrderReads = Pick<OrderStore, "find">;

/** The sagas that are not done, as work to be gone on with. */
export type SagaStore = WorkStore<OrderId, Course>;

/** Where products are kept. Each method is one transaction. */
export interface ProductStore {
  /** Adds a product. When its id is there already, the product there is returned. */
  insert(product: Product): Promise<Product>;
  find(id: ProductId): Promise<Product | undefined>;
  /** Newest first. */
  list(query: PageQuery): Promise<Page<Product>>;
  /** As {@linkcode OrderStore.transition}, for a product. Tells of it by an event. */
  update(
    id: ProductId,
    change: (product: Product) => Product,
    at: Date,
  ): Promise<Product | undefined>;
}

/** As {@linkcode OrderReads}. */
export type ProductReads = Pick<ProductStore, "find">;

/** What payment's events do here, once for each event however often it is delivered. */
export interface PaymentEvents {
  /** Adds the event to the history of its order when `remembered`, and makes the order's saga due at once. */
  apply(
    event: CloudEvent,
    effect: { readonly orderId: OrderId; readonly remembered: boolean } | undefined,
    at: Date,
  ): Promise<void>;
}

/** A payment, as far as orders are concerned. Amounts in minor units of the order's currency. */
export interface PaymentView {
  readonly id: string;
  readonly status:
    | "requires_capture"
    | "processing"
    | "succeeded"
    | "canceled"
    | "failed"
    | "unknown";
  readonly capturedMinor: number;
  readonly refundedMinor: number;
}

export type PaymentsErrorCode =
  /** Payment has said no, and will say no again. */
  | "refused"
  /** Payment could not be reached or could not answer: it may or may not have done it. */
  | "unavailable";

export class PaymentsError extends Error {
  override readonly name = "PaymentsError";

  constructor(readonly code: PaymentsErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
  }
}

/**
 * Where orders are paid. Every method may be called again with the same arguments, and then
 * does nothing twice.
 *
 * All throw {@linkcode PaymentsError}.
 */
export interface Payments {
  /** Asks for the order's money to be held. Answers the same payment each time, as it first stood. */
  authorize(order: Order, paymentMethod: string): Promise<PaymentView>;
  find(paymentId: string): Promise<PaymentView>;
  /** The payment that the order has, whoever asked for it. */
  findByOrder(order: Order): Promise<PaymentView | undefined>;
  capture(paymentId: string, key: string): Promise<PaymentView>;
  /** Gives back what is held. The payment sees to it even when it cannot be done at once. */
  cancel(paymentId: string): Promise<PaymentView>;
  /** Pays back `amountMinor` of what was captured. */
  refund(paymentId: string, amountMinor: number, key: string): Promise<void>;
}
