export type OrderErrorCode =
  | "unknown_product"
  | "mixed_currencies"
  | "out_of_stock"
  | "not_cancellable"
  | "not_fulfillable";

/** A rule of the order's life was about to be broken. Knows nothing of HTTP. */
export class OrderError extends Error {
  override readonly name = "OrderError";

  constructor(readonly code: OrderErrorCode, message: string) {
    super(message);
  }
}
