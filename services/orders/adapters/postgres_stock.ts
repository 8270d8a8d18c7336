import { isRefusedBy, type Sql } from "platform/postgres";
import {
  type Order,
  OrderError,
  type Product,
  type ProductId,
  reservationOf,
} from "../domain/mod.ts";
import { ProductRow } from "./postgres_rows.ts";

/**
 * Those of the products that exist, nobody else's to change until the transaction ends. All who lock more
 * than one do so by this, in the order of their ids, so that no two wait for each other.
 */
export async function lockProducts(sql: Sql, ids: readonly ProductId[]): Promise<Product[]> {
  if (ids.length === 0) return [];
  const rows = await sql`
    select * from products where id = any(${`{${ids.join(",")}}`}::uuid[])
    order by id for no key update`;
  const locked = new Map(rows.map((row) => {
    const product = ProductRow.parse(row);
    return [product.id, product];
  }));
  return ids.flatMap((id) => locked.get(id) ?? []);
}

/**
 * Takes the order's lines out of stock, or puts them back.
 *
 * @throws {OrderError} `out_of_stock` when there is less than that, whatever was decided before.
 */
export async function changeStock(sql: Sql, order: Order, sign: 1 | -1): Promise<void> {
  const reserved = reservationOf(order);
  if (reserved.size === 0) return;
  await lockProducts(sql, [...reserved.keys()]);
  const ids = `{${[...reserved.keys()].join(",")}}`;
  const quantities = `{${[...reserved.values()].map((quantity) => sign * quantity).join(",")}}`;
  const changing = sql`
    update products set stock = stock + reserved.quantity, version = version + 1
    from unnest(${ids}::uuid[], ${quantities}::bigint[]) reserved (id, quantity)
    where products.id = reserved.id`;
  const { count } = await changing.catch((thrown: unknown) => {
    if (!isRefusedBy("products_stock", thrown)) throw thrown;
    throw new OrderError("out_of_stock", "Cannot take from stock: there is not enough left");
  });
  if (count !== reserved.size) {
    throw new Error(`Cannot change stock of order ${order.id}: a product is gone`);
  }
}
