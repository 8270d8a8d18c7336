import { bookCapture, bookRefund, type LedgerEntry } from "./ledger.ts";
import type { NewPayment, Payment, PaymentId, PaymentStatus, Refund, RefundId } from "./payment.ts";
import { PaymentError } from "./payment_error.ts";
import { intend, newWork, tryLater, type Work } from "./work.ts";

/** A payment, its refunds, and what is left to do for them at the processor. */
export interface Course {
  readonly payment: Payment;
  readonly refunds: readonly Refund[];
  readonly work: Work;
}

/** What other programs are told. */
export interface PaymentEvent {
  readonly type: `sallyport.payment.payment.${"succeeded" | "failed" | "refunded"}`;
  readonly at: string;
}

/** All that one step of a payment's life writes, together or not at all. */
export interface Transition extends Course {
  readonly entries: readonly LedgerEntry[];
  readonly event?: PaymentEvent;
}

/** Whether anything is left to do at the processor. */
export function isIdle({ refunds, work }: Course): boolean {
  return work.intent === "none" && refunds.every(({ status }) => status !== "pending");
}

export interface Opening {
  readonly id: PaymentId;
  readonly customerId: string;
  readonly at: Date;
}

/** A payment that the processor has not been asked for yet. */
export function opened(
  { orderId, amountMinor, currency, paymentMethod, capture }: NewPayment,
  { id, customerId, at }: Opening,
): Transition {
  const payment: Payment = {
    id,
    orderId,
    customerId,
    status: "processing",
    amountMinor,
    capturedMinor: 0,
    refundedMinor: 0,
    currency,
    createdAt: at.toISOString(),
    version: 1,
  };
  const work = newWork({ paymentId: id, captures: capture, paymentMethod }, at);
  return { payment, refunds: [], work, entries: [] };
}

/** The processor holds the money. */
export function held(course: Course, at: Date): Transition {
  const { captures } = course.work;
  return step(
    course,
    captures ? "processing" : "requires_capture",
    captures ? "capture" : "none",
    at,
  );
}

/** The processor has taken the money. What was to be cancelled is paid back in full. */
export function captured(course: Course, refundId: RefundId, at: Date): Transition {
  const { amountMinor, currency, id } = course.payment;
  const wasCancelled = course.work.intent === "cancel";
  const next = step(course, "succeeded", "none", at);
  const taken = {
    ...next,
    payment: { ...next.payment, capturedMinor: amountMinor },
    entries: bookCapture({ paymentId: id, amountMinor, currency, at }),
    event: eventOf("succeeded", at),
  };
  if (!wasCancelled) return taken;
  return { ...taken, refunds: [...taken.refunds, pendingRefund(id, refundId, amountMinor, at)] };
}

/** The processor has said no, or was told in time not to. */
export function declined(course: Course, at: Date): Transition {
  return { ...step(course, "failed", "none", at), event: eventOf("failed", at) };
}

/** The processor holds nothing any more. */
export function voided(course: Course, at: Date): Transition {
  return { ...step(course, "canceled", "none", at), event: eventOf("failed", at) };
}

/** The processor has not answered: it may have done what it was asked for. Ask again later. */
export function unanswered(course: Course, at: Date): Transition {
  const { payment, refunds, work } = course;
  const asked = work.intent !== "none" && payment.status !== "unknown";
  const next = asked ? touched(payment, "unknown") : payment;
  return { payment: next, refunds, work: tryLater(work, at), entries: [] };
}

/** @throws {PaymentError} `not_capturable` unless the money is held, or taken already. */
export function captureAsked(course: Course, at: Date): Transition {
  const { status } = course.payment;
  if (status === "requires_capture") return step(course, "processing", "capture", at);
  if (status === "succeeded" || course.work.intent === "capture") return asItIs(course);
  throw new PaymentError("not_capturable", `Cannot capture payment: it is ${status}`);
}

/** @throws {PaymentError} `not_cancelable` once the money is taken. */
export function cancelAsked(course: Course, at: Date): Transition {
  const { status } = course.payment;
  switch (status) {
    case "requires_capture":
      return step(course, "processing", "cancel", at);
    case "processing":
    case "unknown":
      if (course.work.intent === "cancel") return asItIs(course);
      return step(course, status, "cancel", at);
    case "canceled":
    case "failed":
      return asItIs(course);
    case "succeeded":
      throw new PaymentError("not_cancelable", "Cannot cancel payment: it is succeeded");
  }
}

/**
 * A refund that the processor has not been asked for yet. Asked for again, it is there already.
 *
 * @throws {PaymentError} `not_refundable` unless the money was taken; `refund_too_large` when less is left of it.
 */
export function refundAsked(
  course: Course,
  { refundId, amountMinor, at }: {
    readonly refundId: RefundId;
    readonly amountMinor: number;
    readonly at: Date;
  },
): Transition {
  const { payment, refunds, work } = course;
  if (refunds.some(({ id }) => id === refundId)) return asItIs(course);
  if (payment.status !== "succeeded") {
    throw new PaymentError("not_refundable", `Cannot refund payment: it is ${payment.status}`);
  }
  const spokenFor = refunds.filter(({ status }) => status !== "failed")
    .reduce((sum, refund) => sum + refund.amountMinor, 0);
  const leftMinor = payment.capturedMinor - spokenFor;
  if (amountMinor > leftMinor) {
    throw new PaymentError("refund_too_large", `Cannot refund payment: ${leftMinor} is left of it`);
  }
  return {
    payment: touched(payment, payment.status),
    refunds: [...refunds, pendingRefund(payment.id, refundId, amountMinor, at)],
    work: intend(work, "none", at),
    entries: [],
  };
}

/** The processor has paid a refund back. */
export function refunded(course: Course, refundId: RefundId, at: Date): Transition {
  const { payment, refunds, work } = course;
  const refund = refunds.find(({ id, status }) => id === refundId && status === "pending");
  if (!refund) return asItIs(course);
  const { amountMinor } = refund;
  const refundedMinor = payment.refundedMinor + amountMinor;
  const { currency, id: paymentId } = payment;
  return {
    payment: { ...touched(payment, payment.status), refundedMinor },
    refunds: withStatus(refunds, refundId, "succeeded"),
    work: intend(work, work.intent, at),
    entries: bookRefund(refundId, { paymentId, amountMinor, currency, at }),
    event: eventOf("refunded", at),
  };
}

/** The processor will not pay a refund back. */
export function refundRefused(course: Course, refundId: RefundId, at: Date): Transition {
  const isPending = course.refunds.some(({ id, status }) =>
    id === refundId && status === "pending"
  );
  if (!isPending) return asItIs(course);
  return {
    payment: touched(course.payment, course.payment.status),
    refunds: withStatus(course.refunds, refundId, "failed"),
    work: intend(course.work, course.work.intent, at),
    entries: [],
  };
}

/** Nothing new: neither an entry nor an event of the step before comes a second time. */
export function asItIs({ payment, refunds, work }: Course): Transition {
  return { payment, refunds, work, entries: [] };
}

function step(
  { payment, refunds, work }: Course,
  status: PaymentStatus,
  intent: Work["intent"],
  at: Date,
): Transition {
  return {
    payment: touched(payment, status),
    refunds,
    work: intend(work, intent, at),
    entries: [],
  };
}

function touched(payment: Payment, status: PaymentStatus): Payment {
  return { ...payment, status, version: payment.version + 1 };
}

function pendingRefund(
  paymentId: PaymentId,
  id: RefundId,
  amountMinor: number,
  at: Date,
): Refund {
  return { id, paymentId, amountMinor, status: "pending", createdAt: at.toISOString() };
}

function withStatus(
  refunds: readonly Refund[],
  refundId: RefundId,
  status: Refund["status"],
): readonly Refund[] {
  return refunds.map((refund) => refund.id === refundId ? { ...refund, status } : refund);
}

function eventOf(name: "succeeded" | "failed" | "refunded", at: Date): PaymentEvent {
  return { type: `sallyport.payment.payment.${name}`, at: at.toISOString() };
}
