import type { Page, PageQuery } from "platform/http";
import {
  AuditEntry,
  type AuditEvent,
  type AuditIntegrity,
  chained,
  type ChainHash,
} from "../domain/mod.ts";
import type { AuditLog } from "../ports.ts";
import { pageOfEntries, verifyChain } from "./audit_pages.ts";
import { collections } from "./mongodb_collections.ts";
import { isDuplicateKey, type MongodbLink } from "./mongodb_link.ts";

/** Many that write at once take turns: each has its place by a unique insert, and those that lose go on. */
const appendAttemptsMax = 200;

/** Keeps the audit log in MongoDB. */
export class MongodbAuditLog implements AuditLog {
  readonly #link: MongodbLink;
  readonly #chain: ChainHash;

  constructor(link: MongodbLink, chain: ChainHash) {
    this.#link = link;
    this.#chain = chain;
  }

  async append(event: AuditEvent): Promise<void> {
    for (let attempt = 1;; attempt++) {
      const [last] = await this.#newest({}, 1);
      const { seq: _id, ...entry } = chained(last, event, this.#chain);
      try {
        await this.#link.run((db) => collections.audit(db).insertOne({ _id, ...entry }));
        return;
      } catch (thrown) {
        if (!isDuplicateKey(thrown) || attempt === appendAttemptsMax) throw thrown;
      }
    }
  }

  async list({ limit, cursor }: PageQuery): Promise<Page<AuditEntry>> {
    const earlier = cursor ? { _id: { $lt: Number(cursor.id) } } : {};
    return pageOfEntries(await this.#newest(earlier, limit + 1), limit);
  }

  verify(): Promise<AuditIntegrity> {
    return verifyChain(this.#chain, async (after, limit) => {
      const found = await this.#link.run((db) =>
        collections.audit(db).find({ _id: { $gt: after } }).sort({ _id: 1 }).limit(limit).toArray()
      );
      return found.map(entryOf);
    });
  }

  async #newest(filter: Readonly<Record<string, unknown>>, limit: number): Promise<AuditEntry[]> {
    const found = await this.#link.run((db) =>
      collections.audit(db).find(filter).sort({ _id: -1 }).limit(limit).toArray()
    );
    return found.map(entryOf);
  }
}

function entryOf({ _id: seq, ...entry }: { readonly _id: number }): AuditEntry {
  return AuditEntry.parse({ seq, ...entry });
}
