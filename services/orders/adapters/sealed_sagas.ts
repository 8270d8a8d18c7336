import { z } from "zod";
import { type Database, type Migration, SealedColumn } from "platform/store";
import type { Ciphers } from "../ciphers.ts";
import { Saga } from "../domain/mod.ts";

export function sealedSagas(db: Database, { sagas }: Ciphers): SealedColumn<Saga> {
  return new SealedColumn(db, {
    table: "sagas",
    id: "order_id",
    column: "document",
    cipher: sagas,
  });
}

/** A saga's document before it was sealed as such: only the method in it was. */
const FormerSaga = z.object({
  ...Saga.omit({ paymentMethod: true }).shape,
  sealedMethod: z.string().nullable(),
});

/** Afterwards sagas are sealed documents, with the id of their key beside them. */
export function sealSagas(ciphers: Ciphers): Migration {
  return (db) => {
    db.exec(`
      alter table sagas add column key_id text not null default '';
      create index sagas_by_key on sagas (key_id);
    `);
    const column = sealedSagas(db, ciphers);
    for (const { document } of db.all("select document from sagas")) {
      const { sealedMethod, ...saga } = FormerSaga.parse(JSON.parse(String(document)));
      const { orderId } = saga;
      const paymentMethod = sealedMethod && ciphers.formerMethod(orderId, sealedMethod);
      db.run(
        "update sagas set key_id = :keyId, document = :sealed where order_id = :orderId",
        { ...column.seal(orderId, { ...saga, paymentMethod }), orderId },
      );
    }
  };
}
