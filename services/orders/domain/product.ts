import { z } from "zod";

export const ProductId = z.uuid().brand<"ProductId">();
export type ProductId = z.output<typeof ProductId>;

export const Currency = z.enum(["EUR", "USD", "GBP"]);

/** Of one unit, in minor units of the currency: 1999 is 19.99 EUR. */
const PriceMinor = z.int().min(1).max(10_000_000);
const Stock = z.int().min(0).max(1_000_000_000);
const Name = z.string().trim().min(1).max(200);

export const NewProduct = z.strictObject({
  name: Name,
  priceMinor: PriceMinor,
  currency: Currency,
  stock: Stock,
});
export type NewProduct = z.output<typeof NewProduct>;

/** A product's currency is for good: orders of it are counted in it. */
export const ProductChange = z.strictObject({
  name: Name.optional(),
  priceMinor: PriceMinor.optional(),
  stock: Stock.optional(),
}).refine((change) => Object.keys(change).length > 0, "Names nothing to change");
export type ProductChange = z.output<typeof ProductChange>;

/** What is offered. Stock that comes back may exceed what anybody may enter. */
export const Product = z.object({
  ...NewProduct.shape,
  stock: z.int().nonnegative(),
  id: ProductId,
  createdAt: z.iso.datetime(),
  version: z.int().positive(),
});
export type Product = z.output<typeof Product>;

export function newProduct(
  given: NewProduct,
  { id, at }: { readonly id: ProductId; readonly at: Date },
): Product {
  return { ...given, id, createdAt: at.toISOString(), version: 1 };
}

export function changeProduct(product: Product, change: ProductChange): Product {
  return {
    ...product,
    name: change.name ?? product.name,
    priceMinor: change.priceMinor ?? product.priceMinor,
    stock: change.stock ?? product.stock,
    version: product.version + 1,
  };
}
