import { throws } from "node:assert/strict";
import {
  captured,
  type Course,
  held,
  type Intent,
  type LedgerEntry,
  opened,
  PaymentError,
  type PaymentErrorCode,
  PaymentId,
  type PaymentStatus,
  refundAsked,
  RefundId,
  type Transition,
} from "../domain/mod.ts";

export const noon = new Date("2026-01-02T12:00:00.000Z");
export const later = new Date(noon.getTime() + 1_000);
export const id = PaymentId.parse("11111111-1111-4111-8111-111111111111");
export const r1 = aRefundId(1);
export const r2 = aRefundId(2);
export const r3 = aRefundId(3);

/** A payment of 900 that the processor has not been asked for yet. */
export function fresh({ capture = true }: { readonly capture?: boolean } = {}): Transition {
  return opened(
    { orderId: "o1", amountMinor: 900, currency: "EUR", paymentMethod: "pm_card_visa", capture },
    { id, customerId: "ada", at: noon },
  );
}

export function taken(): Course {
  return captured(held(fresh(), noon), r1, noon);
}

export function onlyHeld(): Course {
  return held(fresh({ capture: false }), noon);
}

export function asking(course: Course, refundId: RefundId, amountMinor: number): Transition {
  return refundAsked(course, { refundId, amountMinor, at: later });
}

export function inState(status: PaymentStatus, intent: Intent): Course {
  const { payment, refunds, work } = fresh();
  return { payment: { ...payment, status }, refunds, work: { ...work, intent } };
}

/** State and intent at a glance. */
export function stateOf({ payment, work }: Course): string {
  return `${payment.status}, ${work.intent}`;
}

export function aRefundId(digit: number): RefundId {
  return RefundId.parse(`22222222-2222-4222-8222-22222222222${digit}`);
}

export function refuses(code: PaymentErrorCode, move: () => unknown): void {
  throws(move, (thrown) => thrown instanceof PaymentError && thrown.code === code);
}

export function sideOf({ side, account, amountMinor, currency }: LedgerEntry): string {
  return `${side} ${account} ${amountMinor} ${currency}`;
}

export function differenceOf(entries: readonly LedgerEntry[]): number {
  return entries.reduce(
    (sum, { side, amountMinor }) => sum + (side === "debit" ? amountMinor : -amountMinor),
    0,
  );
}

/** What the processor owes us after these bookings. */
export function receivable(entries: readonly LedgerEntry[]): number {
  return differenceOf(entries.filter(({ account }) => account === "processor_receivable"));
}
