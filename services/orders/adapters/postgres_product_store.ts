import { type Page, type PageQuery, toPage } from "platform/http";
import {
  type Postgres,
  type PostgresOutbox,
  type Sql,
  WriteConflictError,
} from "platform/postgres";
import type { Product, ProductId } from "../domain/mod.ts";
import type { ProductStore } from "../ports.ts";
import { placeOf, ProductRow } from "./postgres_rows.ts";
import { productChanged } from "./product_changed.ts";

/** Keeps products in the PostgreSQL database of orders. */
export class PostgresProductStore implements ProductStore {
  readonly #db: Postgres;
  readonly #outbox: PostgresOutbox;

  constructor(db: Postgres, outbox: PostgresOutbox) {
    this.#db = db;
    this.#outbox = outbox;
  }

  insert(product: Product): Promise<Product> {
    return this.#db.run(async (sql) => {
      await sql`
        insert into products (id, price_minor, currency, stock, created_at, version, document)
        values (
          ${product.id}, ${product.priceMinor}, ${product.currency}, ${product.stock},
          ${product.createdAt}, ${product.version},
          ${JSON.stringify({ name: product.name })}::text::json
        ) on conflict do nothing`;
      return (await readProduct(sql, product.id))!;
    });
  }

  find(id: ProductId): Promise<Product | undefined> {
    return this.#db.run((sql) => readProduct(sql, id));
  }

  async list(query: PageQuery): Promise<Page<Product>> {
    const { limit } = query;
    const place = placeOf(query);
    if (place === "nowhere") return toPage<Product>([], limit, positionOf);
    const rows = await this.#db.run((sql) =>
      sql`
        select * from products
        where ${place === "start" ? sql`true` : sql`(created_at, id) < (${place.at}, ${place.id})`}
        order by created_at desc, id desc limit ${limit + 1}`
    );
    return toPage(rows.map((row) => ProductRow.parse(row)), limit, positionOf);
  }

  update(
    id: ProductId,
    change: (product: Product) => Product,
    at: Date,
  ): Promise<Product | undefined> {
    return this.#db.transaction(async (sql, attempt) => {
      const product = await readProduct(sql, id, attempt > 1);
      if (!product) return undefined;
      const changed = change(product);
      await writeProduct(sql, changed, product.version);
      await this.#outbox.add(sql, productChanged(changed, at));
      return changed;
    });
  }
}

async function readProduct(
  sql: Sql,
  id: ProductId,
  isLocked = false,
): Promise<Product | undefined> {
  const lock = isLocked ? sql`for no key update` : sql``;
  const [row] = await sql`select * from products where id = ${id} ${lock}`;
  return row && ProductRow.parse(row);
}

/** @throws {WriteConflictError} when it was written since it had that version. */
async function writeProduct(sql: Sql, product: Product, version: number): Promise<void> {
  const { count } = await sql`
    update products set
      price_minor = ${product.priceMinor}, stock = ${product.stock}, version = ${product.version},
      document = ${JSON.stringify({ name: product.name })}::text::json
    where id = ${product.id} and version = ${version}`;
  if (count !== 1) throw new WriteConflictError("Cannot change product: it was changed meanwhile");
}

function positionOf({ createdAt, id }: Product): { at: string; id: string } {
  return { at: createdAt, id };
}
