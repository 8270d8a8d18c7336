import { z } from "zod";

export const PaymentId = z.uuid().brand<"PaymentId">();
export type PaymentId = z.output<typeof PaymentId>;

export const RefundId = z.uuid().brand<"RefundId">();
export type RefundId = z.output<typeof RefundId>;

export const Currency = z.enum(["EUR", "USD", "GBP"]);
export type Currency = z.output<typeof Currency>;

/** In minor units of a currency: 1999 is 19.99 EUR. */
export const AmountMinor = z.int().min(1).max(1_000_000_000_000);

/** What payment is asked for. The customer is the order's. */
export const NewPayment = z.strictObject({
  orderId: z.uuid(),
  amountMinor: AmountMinor,
  currency: Currency,
  /** A token that stands for a card at the processor. Never a card number. */
  paymentMethod: z.string().regex(/^pm_[A-Za-z0-9_]{1,60}$/),
  /** Whether the money is taken at once, or only held. */
  capture: z.boolean().default(true),
});
export type NewPayment = z.output<typeof NewPayment>;

export const PaymentStatus = z.enum([
  "requires_capture",
  "processing",
  "succeeded",
  "canceled",
  "failed",
  "unknown",
]);
export type PaymentStatus = z.output<typeof PaymentStatus>;

export const Payment = z.object({
  id: PaymentId,
  orderId: z.string(),
  customerId: z.string(),
  status: PaymentStatus,
  amountMinor: z.int().nonnegative(),
  capturedMinor: z.int().nonnegative(),
  /** What the processor has paid back. */
  refundedMinor: z.int().nonnegative(),
  currency: Currency,
  createdAt: z.iso.datetime(),
  version: z.int().positive(),
});
export type Payment = z.output<typeof Payment>;

export const Refund = z.object({
  id: RefundId,
  paymentId: PaymentId,
  amountMinor: z.int().positive(),
  status: z.enum(["pending", "succeeded", "failed"]),
  createdAt: z.iso.datetime(),
});
export type Refund = z.output<typeof Refund>;
