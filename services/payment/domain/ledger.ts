import { z } from "zod";
import { Currency, PaymentId } from "./payment.ts";

/** One side of a booking. Bookings are only ever added; the sides of each add up to nothing. */
export const LedgerEntry = z.object({
  paymentId: PaymentId,
  /** What was booked: the capture of a payment, or one of its refunds. Each is booked once. */
  booking: z.string(),
  account: z.enum(["processor_receivable", "customer_sales"]),
  side: z.enum(["debit", "credit"]),
  amountMinor: z.int().positive(),
  currency: Currency,
  at: z.iso.datetime(),
});
export type LedgerEntry = z.output<typeof LedgerEntry>;

export interface Booking {
  readonly paymentId: PaymentId;
  readonly amountMinor: number;
  readonly currency: Currency;
  readonly at: Date;
}

/** The processor owes us what it has taken from the customer. */
export function bookCapture({ at, ...of }: Booking): readonly LedgerEntry[] {
  const common = { ...of, booking: `capture ${of.paymentId}`, at: at.toISOString() };
  return [
    { ...common, account: "processor_receivable", side: "debit" },
    { ...common, account: "customer_sales", side: "credit" },
  ];
}

/** The processor owes us less by what it has paid back. */
export function bookRefund(refundId: string, { at, ...of }: Booking): readonly LedgerEntry[] {
  const common = { ...of, booking: `refund ${refundId}`, at: at.toISOString() };
  return [
    { ...common, account: "customer_sales", side: "debit" },
    { ...common, account: "processor_receivable", side: "credit" },
  ];
}

/** All debits and credits of one currency. */
export const Balance = z.object({
  currency: Currency,
  debitsMinor: z.int(),
  creditsMinor: z.int(),
  differenceMinor: z.int(),
});
export type Balance = z.output<typeof Balance>;
