import { z } from "zod";
import { type Database, type Migration, SealedColumn } from "platform/store";
import type { Ciphers } from "../ciphers.ts";
import { Payment, Refund, Work } from "../domain/mod.ts";

export function sealedWork(db: Database, { work }: Ciphers): SealedColumn<Work> {
  return new SealedColumn(db, { table: "payments", id: "id", column: "work", cipher: work });
}

/** A payment's document before its work had a column: only the method in it was sealed. */
const FormerDocument = z.object({
  payment: Payment,
  refunds: z.array(Refund),
  work: z.object({
    ...Work.omit({ paymentMethod: true }).shape,
    sealedMethod: z.string().nullable(),
  }),
});

/** Afterwards the work of each payment is a sealed document beside it, with the id of its key. */
export function sealWork(ciphers: Ciphers): Migration {
  return (db) => {
    db.exec(`
      alter table payments add column key_id text not null default '';
      alter table payments add column work text not null default '';
      create index payments_by_key on payments (key_id);
    `);
    const column = sealedWork(db, ciphers);
    for (const row of db.all("select document from payments")) {
      const former = FormerDocument.parse(JSON.parse(String(row["document"])));
      const { payment, refunds, work: { sealedMethod, ...work } } = former;
      const { id } = payment;
      const paymentMethod = sealedMethod && ciphers.formerMethod(id, sealedMethod);
      db.run(
        `update payments set key_id = :keyId, work = :sealed, document = :document
         where id = :id`,
        {
          ...column.seal(id, { ...work, paymentMethod }),
          document: JSON.stringify({ payment, refunds }),
          id,
        },
      );
    }
  };
}
