import { newProduct, ProductId } from "@services/orders/domain";
import type { OrdersReplica } from "./orders_replicas.ts";

/** How long replicas went on giving what was before a change, in milliseconds from its commit, for each change. */
export type Staleness = readonly number[];

const base = "https://orders.test";
const staleMsMax = 5_000;

/**
 * Changes a product again and again at one replica, in turn, and asks all of them until each gives the
 * new value; the copy of the old one is there before.
 *
 * @param dies whether the process that changes it dies between commit and invalidation: then only the
 * event tells.
 */
export async function measureStaleness(
  replicas: readonly OrdersReplica[],
  { changes, dies }: { readonly changes: number; readonly dies: boolean },
): Promise<Staleness> {
  const id = ProductId.parse(crypto.randomUUID());
  const at = new Date();
  const given = { name: "Tea", priceMinor: 450, currency: "EUR", stock: 0 } as const;
  await replicas[0]!.stores.products.insert(newProduct(given, { id, at }));
  const staleness: number[] = [];
  for (let stock = 1; stock <= changes; stock++) {
    await Promise.all(replicas.map((replica) => stockAt(replica, id)));
    const writer = replicas[stock % replicas.length]!;
    const committedMs = dies
      ? await commitAndDie(writer, id, stock)
      : await change(writer, id, stock);
    const seen = replicas.map((replica) => staleMsOf(replica, id, { stock, committedMs }));
    staleness.push(Math.max(...await Promise.all(seen)));
  }
  return staleness;
}

/** @returns when it was answered: who asks from then on must see it. */
async function change({ fetch }: OrdersReplica, id: ProductId, stock: number): Promise<number> {
  const response = await fetch(
    new Request(`${base}/products/${id}`, {
      method: "PATCH",
      headers: { "content-type": "application/json", "if-match": `"${stock}"` },
      body: JSON.stringify({ stock }),
    }),
  );
  if (response.status !== 200) throw new Error(`Cannot change product: ${response.status}`);
  return performance.now();
}

async function commitAndDie(
  { stores }: OrdersReplica,
  id: ProductId,
  stock: number,
): Promise<number> {
  const next = (product: { readonly version: number }) => ({ version: product.version + 1, stock });
  await stores.products.update(id, (product) => ({ ...product, ...next(product) }), new Date());
  return performance.now();
}

/** @returns how long after `committedMs` the last read was begun that gave the old value; 0 when none did. */
async function staleMsOf(
  replica: OrdersReplica,
  id: ProductId,
  { stock, committedMs }: { readonly stock: number; readonly committedMs: number },
): Promise<number> {
  for (let staleMs = 0;;) {
    const askedMs = performance.now() - committedMs;
    if (await stockAt(replica, id) === stock) return staleMs;
    staleMs = askedMs;
    if (staleMs > staleMsMax) throw new Error(`Stale for more than ${staleMsMax} ms`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function stockAt({ fetch }: OrdersReplica, id: ProductId): Promise<number> {
  const response = await fetch(new Request(`${base}/products/${id}`));
  return (await response.json()).stock;
}
