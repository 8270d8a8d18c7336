import { z } from "zod";
import {
  type Claim,
  type IdempotencyStore,
  keptMs,
  type KeyUse,
  type StoredAnswer,
} from "platform/http";
import type { Postgres } from "./postgres.ts";
import type { Sql } from "./postgres_connection.ts";
import { WriteConflictError } from "./postgres_errors.ts";

const forgottenMax = 100;

const Row = z.object({
  fingerprint: z.string(),
  resource_id: z.string(),
  leased_until: z.date(),
  answer: z.object({
    status: z.int(),
    headers: z.record(z.string(), z.string()),
    body: z.string(),
  }).nullable(),
});

/** Keeps idempotency keys in the service's own database. */
export class PostgresIdempotencyStore implements IdempotencyStore {
  readonly #db: Postgres;

  constructor(db: Postgres) {
    this.#db = db;
  }

  claim(use: KeyUse, at: Date, leaseMs: number): Promise<Claim> {
    const leasedUntil = new Date(at.getTime() + leaseMs);
    return this.#db.transaction(async (sql) =>
      await isNew(sql, use, at, leasedUntil)
        ? { state: "claimed", resourceId: use.resourceId, leasedUntil }
        : await takeUp(sql, use, at, leasedUntil)
    );
  }

  async answer({ scope, key }: KeyUse, answer: StoredAnswer, at: Date): Promise<void> {
    const before = new Date(at.getTime() - 2 * keptMs);
    await this.#db.transaction(async (sql) => {
      await sql`
        update idempotency_keys set answer = ${JSON.stringify(answer)}::text::json
        where scope = ${scope} and key = ${key} and answer is null`;
      await sql`
        delete from idempotency_keys where (scope, key) in (
          select scope, key from idempotency_keys where created_at < ${before}
          limit ${forgottenMax} for update skip locked
        )`;
    });
  }

  async release({ scope, key }: KeyUse, leasedUntil: Date): Promise<void> {
    await this.#db.run((sql) =>
      sql`
        update idempotency_keys set leased_until = 'epoch'
        where scope = ${scope} and key = ${key} and answer is null
          and leased_until = ${leasedUntil}`
    );
  }
}

async function isNew(
  sql: Sql,
  { scope, key, fingerprint, resourceId }: KeyUse,
  at: Date,
  leasedUntil: Date,
): Promise<boolean> {
  const { count } = await sql`
    insert into idempotency_keys (scope, key, fingerprint, resource_id, leased_until, created_at)
    values (${scope}, ${key}, ${fingerprint}, ${resourceId}, ${leasedUntil}, ${at})
    on conflict do nothing`;
  return count === 1;
}

async function takeUp(
  sql: Sql,
  { scope, key, fingerprint }: KeyUse,
  at: Date,
  leasedUntil: Date,
): Promise<Claim> {
  const [row] = await sql`
    select fingerprint, resource_id, leased_until, answer from idempotency_keys
    where scope = ${scope} and key = ${key} for update`;
  if (!row) throw new WriteConflictError("Cannot take key: it has just been forgotten");
  const known = Row.parse(row);
  if (known.fingerprint !== fingerprint) return { state: "reused" };
  if (known.answer) return { state: "answered", answer: known.answer };
  if (known.leased_until > at) return { state: "in_flight" };
  await sql`
    update idempotency_keys set leased_until = ${leasedUntil}
    where scope = ${scope} and key = ${key}`;
  return { state: "claimed", resourceId: known.resource_id, leasedUntil };
}
