import { configError } from "platform/config";
import {
  checkSchema,
  Postgres,
  type PostgresConfig,
  PostgresIdempotencyStore,
  type PostgresIdentity,
  PostgresOutbox,
  SchemaError,
} from "platform/postgres";
import type { Ciphers } from "../ciphers.ts";
import { migrations } from "../migrations/mod.ts";
import { PostgresOrderStore } from "./postgres_order_store.ts";
import { PostgresPaymentEvents } from "./postgres_payment_events.ts";
import { PostgresProductStore } from "./postgres_product_store.ts";
import { PostgresSagaStore } from "./postgres_saga_store.ts";
import { PostgresSagas } from "./postgres_sagas.ts";
import type { Stores } from "./stores.ts";

export interface PostgresStoresConfig {
  readonly kind: "postgres";
  readonly postgres: PostgresConfig;
}

/** @throws {ConfigError} when the database's schema is not the one that this program knows. */
export async function openPostgresStores(
  { postgres: config }: PostgresStoresConfig,
  { identity, ciphers }: { readonly identity: PostgresIdentity; readonly ciphers: Ciphers },
): Promise<Stores> {
  await using opening = new AsyncDisposableStack();
  const db = opening.use(new Postgres({ config, identity }));
  await checkSchema(db, migrations).catch((thrown) => {
    if (!(thrown instanceof SchemaError)) throw thrown;
    throw configError([`ORDERS_POSTGRES_URL: ${thrown.message}`]);
  });
  const outbox = new PostgresOutbox(db, "orders");
  const sagas = new PostgresSagas(db, ciphers.sagas);
  const opened = opening.move();
  return {
    orders: new PostgresOrderStore(db, outbox, sagas),
    products: new PostgresProductStore(db, outbox),
    sagas: new PostgresSagaStore(db, sagas),
    paymentEvents: new PostgresPaymentEvents(db),
    idempotency: new PostgresIdempotencyStore(db),
    outbox,
    sealed: [sagas],
    checks: [{ name: "postgres", check: () => db.check() }],
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
