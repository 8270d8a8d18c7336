import { EmbeddedInbox } from "platform/events";
import type { Database, SealedColumn } from "platform/store";
import type { Claim } from "platform/work";
import { type Course, PaymentId, type Work } from "../domain/mod.ts";
import type { PaymentWorkStore, WebhookInbox } from "../ports.ts";
import { readCourse } from "./embedded_payment_store.ts";

/** Leases payments with something left to do, in the SQLite file of payment. */
export class EmbeddedPaymentWorkStore implements PaymentWorkStore {
  readonly #db: Database;
  readonly #work: SealedColumn<Work>;

  constructor(db: Database, work: SealedColumn<Work>) {
    this.#db = db;
    this.#work = work;
  }

  // deno-lint-ignore require-await -- what the transaction throws must come as a rejection.
  async claim(id: PaymentId, at: Date, leaseMs: number): Promise<Claim<Course> | undefined> {
    return this.#db.transaction(() => {
      const now = at.getTime();
      const until = now + leaseMs;
      const claimed = this.#db.run(
        `update payments set leased_until_ms = :until
         where id = :id and is_idle = 0 and leased_until_ms <= :now`,
        { id, now, until },
      );
      const item = claimed === 0 ? undefined : readCourse(this.#db, this.#work, id);
      return item && { item, leasedUntil: new Date(until) };
    });
  }

  due(at: Date, limit: number): Promise<readonly PaymentId[]> {
    const rows = this.#db.all(
      `select id from payments where is_idle = 0 and due_at <= :at and leased_until_ms <= :now
       order by due_at limit :limit`,
      { at: at.toISOString(), now: at.getTime(), limit },
    );
    return Promise.resolve(rows.map((row) => PaymentId.parse(row["id"])));
  }

  release(id: PaymentId, leasedUntil: Date): Promise<void> {
    this.#db.run(
      "update payments set leased_until_ms = 0 where id = :id and leased_until_ms = :until",
      { id, until: leasedUntil.getTime() },
    );
    return Promise.resolve();
  }

  postpone(id: PaymentId, until: Date): Promise<void> {
    this.#db.run(
      "update payments set due_at = max(due_at, :until) where id = :id and is_idle = 0",
      { id, until: until.toISOString() },
    );
    return Promise.resolve();
  }
}

/** Remembers webhooks in the inbox of payment's SQLite file. */
export class EmbeddedWebhookInbox implements WebhookInbox {
  readonly #db: Database;
  readonly #inbox: EmbeddedInbox;

  constructor(db: Database) {
    this.#db = db;
    this.#inbox = new EmbeddedInbox(db);
  }

  // deno-lint-ignore require-await -- what the transaction throws must come as a rejection.
  async take(eventId: string, id: PaymentId, at: Date): Promise<boolean> {
    return this.#db.transaction(() => {
      if (!this.#inbox.remember(`psp ${eventId}`, at)) return false;
      this.#db.run("update payments set due_at = :due where id = :id and is_idle = 0", {
        id,
        due: at.toISOString(),
      });
      return true;
    });
  }
}
