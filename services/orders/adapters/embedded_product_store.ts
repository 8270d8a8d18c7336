import type { EmbeddedOutbox } from "platform/events";
import { type Page, type PageQuery, toPage } from "platform/http";
import type { Database } from "platform/store";
import { Product, type ProductId } from "../domain/mod.ts";
import type { ProductStore } from "../ports.ts";
import { productChanged } from "./product_changed.ts";

/** Keeps products in the SQLite file of orders. */
export class EmbeddedProductStore implements ProductStore {
  readonly #db: Database;
  readonly #outbox: EmbeddedOutbox;

  constructor(db: Database, outbox: EmbeddedOutbox) {
    this.#db = db;
    this.#outbox = outbox;
  }

  insert(product: Product): Promise<Product> {
    const { id, createdAt } = product;
    this.#db.run(
      "insert or ignore into products (id, created_at, document) values (:id, :createdAt, :document)",
      { id, createdAt, document: JSON.stringify(product) },
    );
    return Promise.resolve(this.#read(id)!);
  }

  find(id: ProductId): Promise<Product | undefined> {
    return Promise.resolve(this.#read(id));
  }

  list({ limit, cursor }: PageQuery): Promise<Page<Product>> {
    const rows = this.#db.all(
      `select document from products
       where :at is null or (created_at, id) < (:at, :id)
       order by created_at desc, id desc limit :limit`,
      { at: cursor?.at ?? null, id: cursor?.id ?? null, limit: limit + 1 },
    );
    const products = rows.map((row) => Product.parse(JSON.parse(String(row["document"]))));
    return Promise.resolve(toPage(products, limit, ({ createdAt, id }) => ({ at: createdAt, id })));
  }

  // deno-lint-ignore require-await -- what the transaction throws must come as a rejection.
  async update(
    id: ProductId,
    change: (product: Product) => Product,
    at: Date,
  ): Promise<Product | undefined> {
    return this.#db.transaction(() => {
      const product = this.#read(id);
      if (!product) return undefined;
      const changed = change(product);
      writeProduct(this.#db, changed);
      this.#outbox.add(productChanged(changed, at));
      return changed;
    });
  }

  #read(id: ProductId): Product | undefined {
    const row = this.#db.get("select document from products where id = :id", { id });
    return row && Product.parse(JSON.parse(String(row["document"])));
  }
}

export function writeProduct(db: Database, product: Product): void {
  db.run("update products set document = :document where id = :id", {
    id: product.id,
    document: JSON.stringify(product),
  });
}
