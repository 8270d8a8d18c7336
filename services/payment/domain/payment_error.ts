export type PaymentErrorCode =
  | "unknown_order"
  | "order_mismatch"
  | "order_not_payable"
  | "order_has_payment"
  | "not_capturable"
  | "not_cancelable"
  | "not_refundable"
  | "refund_too_large";

/** A rule of the payment's life was about to be broken. Knows nothing of HTTP. */
export class PaymentError extends Error {
  override readonly name = "PaymentError";

  constructor(readonly code: PaymentErrorCode, message: string) {
    super(message);
  }
}
