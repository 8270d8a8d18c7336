import type { Database, Row, SealedColumn } from "platform/store";
import type { Claim } from "platform/work";
import type { MailDocument } from "../ciphers.ts";
import type { QueuedMail } from "../domain/mod.ts";
import type { MailStore } from "../ports.ts";

export const mailSchema = `
  create table mails (
    id text primary key,
    queued_at_ms integer not null,
    due_at_ms integer not null,
    leased_until_ms integer not null,
    key_id text not null,
    document text not null
  ) strict, without rowid;
  create index mails_by_due on mails (due_at_ms);
  create index mails_by_key on mails (key_id);
`;

/** Keeps mail in the SQLite file of auth until it is sent. */
export class EmbeddedMailStore implements MailStore {
  readonly #db: Database;
  readonly #mails: SealedColumn<MailDocument>;

  constructor(db: Database, mails: SealedColumn<MailDocument>) {
    this.#db = db;
    this.#mails = mails;
  }

  // deno-lint-ignore require-await -- what sealing throws must come as a rejection.
  async add({ id, mail, queuedAt, dueAt }: QueuedMail): Promise<void> {
    this.#db.run(
      `insert into mails (id, queued_at_ms, due_at_ms, leased_until_ms, key_id, document)
       values (:id, :queuedAtMs, :dueAtMs, 0, :keyId, :sealed)`,
      {
        ...this.#mails.seal(id, { mail }),
        id,
        queuedAtMs: queuedAt.getTime(),
        dueAtMs: dueAt.getTime(),
      },
    );
  }

  remove(id: string): Promise<void> {
    this.#db.run("delete from mails where id = :id", { id });
    return Promise.resolve();
  }

  // deno-lint-ignore require-await -- what the transaction throws must come as a rejection.
  async claim(id: string, at: Date, leaseMs: number): Promise<Claim<QueuedMail> | undefined> {
    return this.#db.transaction(() => {
      const now = at.getTime();
      const until = now + leaseMs;
      const claimed = this.#db.run(
        `update mails set leased_until_ms = :until where id = :id and leased_until_ms <= :now`,
        { id, now, until },
      );
      const row = claimed === 0
        ? undefined
        : this.#db.get("select * from mails where id = :id", { id });
      return row && { item: this.#toMail(row), leasedUntil: new Date(until) };
    });
  }

  due(at: Date, limit: number): Promise<readonly string[]> {
    const rows = this.#db.all(
      `select id from mails where due_at_ms <= :now and leased_until_ms <= :now
       order by due_at_ms limit :limit`,
      { now: at.getTime(), limit },
    );
    return Promise.resolve(rows.map((row) => String(row["id"])));
  }

  release(id: string, leasedUntil: Date): Promise<void> {
    this.#db.run(
      "update mails set leased_until_ms = 0 where id = :id and leased_until_ms = :until",
      { id, until: leasedUntil.getTime() },
    );
    return Promise.resolve();
  }

  postpone(id: string, until: Date): Promise<void> {
    this.#db.run("update mails set due_at_ms = max(due_at_ms, :until) where id = :id", {
      id,
      until: until.getTime(),
    });
    return Promise.resolve();
  }

  #toMail(row: Row): QueuedMail {
    return {
      id: String(row["id"]),
      mail: this.#mails.open(row).mail,
      queuedAt: new Date(Number(row["queued_at_ms"])),
      dueAt: new Date(Number(row["due_at_ms"])),
    };
  }
}
