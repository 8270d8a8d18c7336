import { type ProblemType, problemType } from "platform/problem";
import type { PaymentErrorCode } from "./domain/mod.ts";

/** What each broken rule of the payment's life looks like to a client. */
export const paymentProblems = {
  unknown_order: problemType("unknown-order", 422, "There is no such order"),
  order_mismatch: problemType("order-mismatch", 422, "Amount or currency are not the order's"),
  order_not_payable: problemType("order-not-payable", 422, "Only a pending order is paid"),
  order_has_payment: problemType("order-has-payment", 409, "The order has a payment already"),
  not_capturable: problemType("payment-not-capturable", 409, "The payment cannot be captured"),
  not_cancelable: problemType(
    "payment-not-cancelable",
    409,
    "The payment can no longer be canceled",
  ),
  not_refundable: problemType("payment-not-refundable", 409, "The payment cannot be refunded"),
  refund_too_large: problemType("refund-too-large", 422, "Less is left of the payment than that"),
} satisfies Record<PaymentErrorCode, ProblemType>;

export const badSignature: ProblemType = problemType(
  "bad-signature",
  401,
  "The signature does not fit the message",
  "Unauthorized",
);
