import type { Reach } from "platform/access";
import type { Page, PageQuery } from "platform/http";
import type { WorkStore } from "platform/work";
import type {
  Balance,
  Course,
  Currency,
  Payment,
  PaymentId,
  RefundId,
  Transition,
} from "./domain/mod.ts";

/**
 * Where payments, their refunds, the ledger and what is left to do are kept. Each method is one
 * transaction. A payment outside `reach` is treated as absent, by every method of every adapter.
 */
export interface PaymentStore {
  /**
   * Adds a payment. When its id is there already, the payment there is returned.
   *
   * @throws {PaymentError} `order_has_payment` when the order has another one, whatever became of it:
   * an order is paid once or not at all.
   */
  open(opening: Transition): Promise<Payment>;

  find(id: PaymentId, reach: Reach): Promise<Payment | undefined>;

  /**
   * Newest first; of one order only, when `orderId` names it. What was just written may be missing for a
   * moment, unless it is looked for by its order; `find` never misses it.
   */
  list(
    reach: Reach,
    query: PageQuery & { readonly orderId?: string | undefined },
  ): Promise<Page<Payment>>;

  /**
   * Writes the transition that `decide` makes: payment, refunds, work, ledger and outgoing event,
   * with no other write in between. When `decide` throws, nothing is written and the error is passed on.
   *
   * @returns what was written, or undefined when there is no such payment within reach.
   */
  transition(
    id: PaymentId,
    reach: Reach,
    decide: (course: Course) => Transition,
  ): Promise<Course | undefined>;

  /** The whole ledger, summed by currency. */
  balances(): Promise<readonly Balance[]>;
}

/** Where one payment is looked at and not changed. It may be a copy, but never one older than a change that was answered. */
export type PaymentReads = Pick<PaymentStore, "find">;

/** Payments with something left to do at the processor, as work to be gone on with. */
export type PaymentWorkStore = WorkStore<PaymentId, Course>;

/** Which webhooks have been seen. */
export interface WebhookInbox {
  /** Remembers an event, and makes its payment's work due at once. @returns whether the event is new. */
  take(eventId: string, id: PaymentId, at: Date): Promise<boolean>;
}

/** The states of an order that orders tells of. */
export const orderStatuses = [
  "pending",
  "authorized",
  "confirmed",
  "fulfilled",
  "payment_failed",
  "cancelled",
] as const;

/** An order, as far as paying it is concerned. */
export interface OrderView {
  readonly id: string;
  readonly customerId: string;
  readonly status: typeof orderStatuses[number];
  readonly totalMinor: number;
  readonly currency: string;
}

/**
 * Where orders are looked up.
 *
 * @throws {Problem} `unavailable` when they cannot be, and the reason of `signal` when that is aborted.
 */
export interface OrderLookup {
  find(orderId: string, signal?: AbortSignal): Promise<OrderView | undefined>;
}

/** What the processor has recorded under one reference. */
export interface Charge {
  readonly status: "authorized" | "captured" | "declined" | "voided";
  readonly amountMinor: number;
  readonly currency: string;
}

export type ProcessorErrorCode =
  /** No answer, or none that says what was done: it may have been. */
  | "unanswered"
  /** The processor has said no: nothing was done. */
  | "refused";

export class ProcessorError extends Error {
  override readonly name = "ProcessorError";

  constructor(readonly code: ProcessorErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
  }
}

export interface ChargeRequest {
  /** Names the charge for good: the processor makes one for each reference, however often it is asked. */
  readonly reference: string;
  readonly amountMinor: number;
  readonly currency: Currency;
  readonly paymentMethod: string;
}

/**
 * A payment processor. Every method may be repeated with the same reference, and then does nothing twice.
 *
 * All throw {@linkcode ProcessorError}.
 */
export interface CardProcessor {
  /** Holds the money. */
  authorize(request: ChargeRequest): Promise<Charge>;
  find(reference: string): Promise<Charge | undefined>;
  capture(reference: string): Promise<Charge>;
  /** Lets go of what is held. A reference that was never charged cannot be any more. */
  void(reference: string): Promise<Charge>;
  refund(reference: string, refundReference: RefundId, amountMinor: number): Promise<void>;
}
