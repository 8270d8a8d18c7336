import { z } from "zod";
import type { DocumentCipher, Resealable, SealedDocument } from "platform/crypto";
import type { Postgres, Sql } from "platform/postgres";
import { OrderId, type Saga } from "../domain/mod.ts";
import { SealedSaga } from "./postgres_rows.ts";

const SagaRow = z.object({ order_id: OrderId, key_id: z.string(), document: SealedSaga });

/** The sealed documents of sagas in the PostgreSQL database of orders. */
export class PostgresSagas implements Resealable {
  readonly #db: Postgres;
  readonly #cipher: DocumentCipher<Saga>;

  constructor(db: Postgres, cipher: DocumentCipher<Saga>) {
    this.#db = db;
    this.#cipher = cipher;
  }

  /** @throws {FieldCipherError} when it does not open. */
  open(orderId: OrderId, sealed: SealedDocument): Saga {
    return this.#cipher.open(orderId, sealed);
  }

  /** @throws {FieldCipherError} when it does not open. */
  openRow(row: Readonly<Record<string, unknown>>): Saga {
    const { order_id: orderId, key_id: keyId, document } = SagaRow.parse(row);
    return this.open(orderId, { keyId, document });
  }

  /** Adds the saga, or replaces the one there. Who holds it stays its holder. */
  async write(sql: Sql, saga: Saga): Promise<void> {
    const { keyId, document } = this.#cipher.seal(saga.orderId, saga);
    await sql`
      insert into sagas (order_id, is_done, due_at, key_id, document) values (
        ${saga.orderId}, ${saga.step === "done"}, ${saga.dueAt}, ${keyId},
        ${JSON.stringify(document)}::text::json
      ) on conflict (order_id) do update set
        is_done = excluded.is_done, due_at = excluded.due_at, key_id = excluded.key_id,
        document = excluded.document`;
  }

  async reseal(limit: number): Promise<number> {
    return await this.#db.transaction(async (sql) => {
      // Locked until they are written: a change that comes in between waits, and seals anew itself.
      const rows = await sql`
        select order_id, key_id, document from sagas
        where key_id <> ${this.#cipher.currentKeyId}
        order by order_id limit ${limit} for no key update`;
      for (const row of rows) await this.write(sql, this.openRow(row));
      return rows.length;
    });
  }
}
