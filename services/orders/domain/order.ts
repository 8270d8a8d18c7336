import { z } from "zod";
import { OrderError } from "./order_error.ts";
import { Currency, type Product, ProductId } from "./product.ts";

export const OrderId = z.uuid().brand<"OrderId">();
export type OrderId = z.output<typeof OrderId>;

/** A token that stands for a card at the payment processor. Never a card number. */
export const PaymentMethod = z.string().regex(/^pm_[A-Za-z0-9_]{1,60}$/);

const NewLine = z.strictObject({
  productId: ProductId,
  quantity: z.int().min(1).max(999),
});

/** What a customer asks for. Prices are not among it. */
export const NewOrder = z.strictObject({
  lines: z.array(NewLine).min(1).max(50).refine(
    (lines) => new Set(lines.map(({ productId }) => productId)).size === lines.length,
    "Names a product twice",
  ),
  paymentMethod: PaymentMethod,
});
export type NewOrder = z.output<typeof NewOrder>;

export const OrderStatus = z.enum([
  "pending",
  "authorized",
  "confirmed",
  "fulfilled",
  "payment_failed",
  "cancelled",
]);
export type OrderStatus = z.output<typeof OrderStatus>;

const OrderLine = z.object({
  productId: ProductId,
  /** Name and price of one unit when the order was placed. */
  name: z.string(),
  quantity: z.int(),
  priceMinor: z.int(),
});

export const Order = z.object({
  id: OrderId,
  customerId: z.string(),
  status: OrderStatus,
  lines: z.array(OrderLine),
  /** In minor units of `currency`. */
  totalMinor: z.int().nonnegative(),
  currency: Currency,
  paymentId: z.string().nullable(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  version: z.int().positive(),
});
export type Order = z.output<typeof Order>;

/** Something that happened to an order, in the order's own history. */
export const OrderEvent = z.object({
  type: z.string(),
  at: z.iso.datetime(),
  data: z.record(z.string(), z.unknown()),
});
export type OrderEvent = z.output<typeof OrderEvent>;

/** By how much the stock of each product of an order goes down. */
export function reservationOf(order: Order): ReadonlyMap<ProductId, number> {
  return new Map(order.lines.map(({ productId, quantity }) => [productId, quantity]));
}

/**
 * The order at today's prices, with enough of everything in stock.
 *
 * @param products those of the order's products that exist.
 * @throws {OrderError} `unknown_product`, `mixed_currencies`, `out_of_stock`
 */
export function price(
  { lines }: NewOrder,
  products: readonly Product[],
  { id, customerId, at }: { readonly id: OrderId; readonly customerId: string; readonly at: Date },
): Order {
  const known = new Map(products.map((product) => [product.id, product]));
  const priced = lines.map(({ productId, quantity }) => {
    const product = known.get(productId);
    if (!product) {
      throw new OrderError("unknown_product", `Cannot place order: no product "${productId}"`);
    }
    if (product.stock < quantity) {
      throw new OrderError(
        "out_of_stock",
        `Cannot place order: ${product.stock} left of "${productId}", ${quantity} asked for`,
      );
    }
    return { product, quantity };
  });
  const currencies = new Set(priced.map(({ product }) => product.currency));
  const [currency, ...others] = currencies;
  if (!currency || others.length > 0) {
    throw new OrderError("mixed_currencies", "Cannot place order: its products differ in currency");
  }
  return {
    id,
    customerId,
    status: "pending",
    lines: priced.map(({ product: { id: productId, name, priceMinor }, quantity }) => ({
      productId,
      name,
      quantity,
      priceMinor,
    })),
    totalMinor: priced.reduce(
      (sum, { product, quantity }) => sum + product.priceMinor * quantity,
      0,
    ),
    currency,
    paymentId: null,
    createdAt: at.toISOString(),
    updatedAt: at.toISOString(),
    version: 1,
  };
}
