import type { DocumentCipher, Resealable, SealedDocument } from "platform/crypto";
import { z } from "zod";
import type { Database, Row } from "./database.ts";

export interface SealedColumnOptions<Document> {
  readonly table: string;
  /** The column whose value the documents are sealed for. */
  readonly id: string;
  /** The column of the documents. Beside it is `key_id`, indexed. */
  readonly column: string;
  readonly cipher: DocumentCipher<Document>;
}

/** What a sealed column's row is written with. */
export interface SealedValues extends Record<string, string> {
  readonly keyId: string;
  /** JSON of the sealed document. */
  readonly sealed: string;
}

const Sealed = z.record(z.string(), z.unknown());

/** A column of sealed documents in an embedded database. */
export class SealedColumn<Document> implements Resealable {
  readonly #db: Database;
  readonly #options: SealedColumnOptions<Document>;

  constructor(db: Database, options: SealedColumnOptions<Document>) {
    this.#db = db;
    this.#options = options;
  }

  seal(record: string, document: Document): SealedValues {
    const { keyId, document: sealed } = this.#options.cipher.seal(record, document);
    return { keyId, sealed: JSON.stringify(sealed) };
  }

  /** The document of a row that has all three columns. @throws {FieldCipherError} when it does not open. */
  open(row: Row): Document {
    const { id, column, cipher } = this.#options;
    const document = Sealed.parse(JSON.parse(String(row[column])));
    const sealed: SealedDocument = { keyId: String(row["key_id"]), document };
    return cipher.open(String(row[id]), sealed);
  }

  // deno-lint-ignore require-await -- what the transaction throws must come as a rejection.
  async reseal(limit: number): Promise<number> {
    const { table, id, column, cipher } = this.#options;
    // One transaction from reading to writing: no change comes in between.
    return this.#db.transaction(() => {
      const rows = this.#db.all(
        `select ${id}, key_id, ${column} from ${table}
         where key_id < :current or key_id > :current limit :limit`,
        { current: cipher.currentKeyId, limit },
      );
      for (const row of rows) {
        const record = String(row[id]);
        this.#db.run(
          `update ${table} set key_id = :keyId, ${column} = :sealed where ${id} = :record`,
          { ...this.seal(record, this.open(row)), record },
        );
      }
      return rows.length;
    });
  }
}
