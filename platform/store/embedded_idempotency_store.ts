import type { Claim, IdempotencyStore, KeyUse, StoredAnswer } from "platform/http";
import { keptMs } from "platform/http";
import type { Database } from "./database.ts";

/** Schema of {@linkcode EmbeddedIdempotencyStore}, for the migrations of the database that holds it. */
export const idempotencySchema = `
  create table idempotency_keys (
    scope text not null,
    key text not null,
    fingerprint text not null,
    resource_id text not null,
    leased_until_ms integer not null,
    created_at_ms integer not null,
    answer text,
    primary key (scope, key)
  ) strict, without rowid;
  create index idempotency_keys_by_age on idempotency_keys (created_at_ms);
`;

/** Keeps idempotency keys in the service's own database. */
export class EmbeddedIdempotencyStore implements IdempotencyStore {
  readonly #db: Database;

  /** Takes over every key that a crashed process held: one process owns an embedded database. */
  constructor(db: Database) {
    this.#db = db;
    db.run("update idempotency_keys set leased_until_ms = 0 where answer is null");
  }

  claim(use: KeyUse, at: Date, leaseMs: number): Promise<Claim> {
    return Promise.resolve(this.#db.transaction(() => this.#claim(use, at.getTime(), leaseMs)));
  }

  answer({ scope, key }: KeyUse, answer: StoredAnswer, at: Date): Promise<void> {
    this.#db.transaction(() => {
      this.#db.run(
        `update idempotency_keys set answer = :answer
         where scope = :scope and key = :key and answer is null`,
        { scope, key, answer: JSON.stringify(answer) },
      );
      this.#db.run("delete from idempotency_keys where created_at_ms < :before", {
        before: at.getTime() - 2 * keptMs,
      });
    });
    return Promise.resolve();
  }

  release({ scope, key }: KeyUse, leasedUntil: Date): Promise<void> {
    this.#db.run(
      `update idempotency_keys set leased_until_ms = 0
       where scope = :scope and key = :key and answer is null and leased_until_ms = :until`,
      { scope, key, until: leasedUntil.getTime() },
    );
    return Promise.resolve();
  }

  #claim({ scope, key, fingerprint, resourceId }: KeyUse, nowMs: number, leaseMs: number): Claim {
    const known = this.#db.get(
      "select * from idempotency_keys where scope = :scope and key = :key",
      { scope, key },
    );
    const lease = { scope, key, until: nowMs + leaseMs };
    const leasedUntil = new Date(lease.until);
    if (!known) {
      this.#db.run(
        `insert into idempotency_keys
           (scope, key, fingerprint, resource_id, leased_until_ms, created_at_ms)
         values (:scope, :key, :fingerprint, :resourceId, :until, :nowMs)`,
        { ...lease, fingerprint, resourceId, nowMs },
      );
      return { state: "claimed", resourceId, leasedUntil };
    }
    if (known["fingerprint"] !== fingerprint) return { state: "reused" };
    if (known["answer"] !== null) {
      // Written by us from a StoredAnswer, so it is one.
      return { state: "answered", answer: JSON.parse(String(known["answer"])) as StoredAnswer };
    }
    if (Number(known["leased_until_ms"]) > nowMs) return { state: "in_flight" };
    this.#db.run(
      "update idempotency_keys set leased_until_ms = :until where scope = :scope and key = :key",
      lease,
    );
    return { state: "claimed", resourceId: String(known["resource_id"]), leasedUntil };
  }
}
