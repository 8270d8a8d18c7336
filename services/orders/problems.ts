import { type ProblemType, problemType } from "platform/problem";
import type { OrderErrorCode } from "./domain/mod.ts";

/** What each broken rule of the order's life looks like to a client. */
export const orderProblems = {
  unknown_product: problemType("unknown-product", 422, "An order line names no product"),
  mixed_currencies: problemType("mixed-currencies", 422, "An order has one currency"),
  out_of_stock: problemType("out-of-stock", 409, "There is not enough of a product in stock"),
  not_cancellable: problemType(
    "order-not-cancellable",
    409,
    "The order can no longer be cancelled",
  ),
  not_fulfillable: problemType("order-not-fulfillable", 409, "Only a confirmed order is fulfilled"),
} satisfies Record<OrderErrorCode, ProblemType>;
