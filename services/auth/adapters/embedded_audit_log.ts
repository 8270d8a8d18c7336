import type { Page, PageQuery } from "platform/http";
import type { Database } from "platform/store";
import {
  AuditEntry,
  type AuditEvent,
  type AuditIntegrity,
  chained,
  type ChainHash,
} from "../domain/mod.ts";
import type { AuditLog } from "../ports.ts";
import { pageOfEntries, verifyChain } from "./audit_pages.ts";

export const auditSchema = `
  create table audit (
    seq integer primary key,
    entry text not null
  ) strict;
`;

/** Keeps the audit log in the SQLite file of auth. */
export class EmbeddedAuditLog implements AuditLog {
  readonly #db: Database;
  readonly #chain: ChainHash;

  constructor(db: Database, chain: ChainHash) {
    this.#db = db;
    this.#chain = chain;
  }

  // deno-lint-ignore require-await -- what the transaction throws must come as a rejection.
  async append(event: AuditEvent): Promise<void> {
    this.#db.transaction(() => {
      const [last] = this.#read("order by seq desc limit 1", {});
      const entry = chained(last, event, this.#chain);
      this.#db.run("insert into audit (seq, entry) values (:seq, :entry)", {
        seq: entry.seq,
        entry: JSON.stringify(entry),
      });
    });
  }

  // deno-lint-ignore require-await -- what reading throws must come as a rejection.
  async list({ limit, cursor }: PageQuery): Promise<Page<AuditEntry>> {
    const found = this.#read(
      "where :before is null or seq < :before order by seq desc limit :limit",
      { before: cursor ? Number(cursor.id) : null, limit: limit + 1 },
    );
    return pageOfEntries(found, limit);
  }

  verify(): Promise<AuditIntegrity> {
    return verifyChain(this.#chain, (after, limit) =>
      Promise.resolve(
        this.#read("where seq > :after order by seq limit :limit", { after, limit }),
      ));
  }

  #read(clause: string, values: Readonly<Record<string, number | null>>): AuditEntry[] {
    return this.#db.all(`select entry from audit ${clause}`, { ...values })
      .map(({ entry }) => AuditEntry.parse(JSON.parse(String(entry))));
  }
}
