import type { Happening } from "platform/events";
import type { Product } from "../domain/mod.ts";

/** What is told of a product that was changed by anything but an order. */
export function productChanged({ id, version }: Product, at: Date): Happening {
  return {
    type: "sallyport.orders.product.changed",
    subject: id,
    at,
    data: { productId: id, version },
  };
}
