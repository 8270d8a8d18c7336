import { z } from "zod";
import { NewProduct, newProduct, ProductId } from "./domain/mod.ts";
import type { ProductStore } from "./ports.ts";

const DemoProducts = z.array(z.strictObject({ id: ProductId, ...NewProduct.shape }));

/** Offers the products of a JSON text unless they are there already. For development. */
export async function offerDemoProducts(
  products: ProductStore,
  json: string,
  at: Date,
): Promise<void> {
  for (const { id, ...given } of DemoProducts.parse(JSON.parse(json))) {
    await products.insert(newProduct(given, { id, at }));
  }
}
