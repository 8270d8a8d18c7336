import { z } from "zod";
import { Database } from "platform/store";

const ChargeStatus = z.enum(["authorized", "captured", "declined", "voided"]);

/** What the processor has on record for one reference of a merchant. */
export const Charge = z.object({
  reference: z.string(),
  status: ChargeStatus,
  amountMinor: z.int().nonnegative(),
  currency: z.string(),
  capturedMinor: z.int().nonnegative(),
  refundedMinor: z.int().nonnegative(),
  declineCode: z.string().nullable(),
});
export type Charge = z.output<typeof Charge>;

const schema = `
  create table charges (
    reference text primary key,
    status text not null,
    amount_minor integer not null,
    currency text not null,
    captured_minor integer not null default 0,
    refunded_minor integer not null default 0,
    decline_code text
  ) strict;
  create table refunds (
    refund_reference text primary key,
    reference text not null references charges (reference),
    amount_minor integer not null
  ) strict;
  create table webhooks (
    id text primary key,
    body text not null,
    attempts integer not null default 0,
    due_at_ms integer not null
  ) strict;
`;

export interface Webhook {
  readonly id: string;
  readonly body: string;
  readonly attempts: number;
}

/** The processor's books, on disk: one charge for each reference, one refund for each refund reference. */
export class ChargeStore implements Disposable {
  readonly #db: Database;

  constructor(path: string) {
    this.#db = Database.open(path, [schema]);
  }

  find(reference: string): Charge | undefined {
    const row = this.#db.get(
      `select reference, status, amount_minor as amountMinor, currency,
         captured_minor as capturedMinor, refunded_minor as refundedMinor, decline_code as declineCode
       from charges where reference = :reference`,
      { reference },
    );
    return row && Charge.parse(row);
  }

  /** Records a charge unless there is one. @returns the one on record, and whether it is new. */
  record(charge: Charge): { readonly charge: Charge; readonly isNew: boolean } {
    return this.#db.transaction(() => {
      const there = this.find(charge.reference);
      if (there) return { charge: there, isNew: false };
      const { reference, status, amountMinor, currency, declineCode } = charge;
      this.#db.run(
        `insert into charges (reference, status, amount_minor, currency, decline_code)
         values (:reference, :status, :amountMinor, :currency, :declineCode)`,
        { reference, status, amountMinor, currency, declineCode },
      );
      this.#notify(reference, status);
      return { charge, isNew: true };
    });
  }

  /** Takes what is held. Nothing happens to a charge that is in another state. */
  capture(reference: string): Charge | undefined {
    return this.#change(
      reference,
      `update charges set status = 'captured', captured_minor = amount_minor
       where reference = :reference and status = 'authorized'`,
    );
  }

  /** Lets go of what is held. An unknown reference is closed for good. */
  void(reference: string): Charge {
    return this.#db.transaction(() => {
      const none = { amountMinor: 0, currency: "", capturedMinor: 0, refundedMinor: 0 };
      this.record({ ...none, reference, status: "voided", declineCode: null });
      return this.#change(
        reference,
        "update charges set status = 'voided' where reference = :reference and status = 'authorized'",
      )!;
    });
  }

  /** Pays back. @returns false when less than that is left of what was taken. */
  refund(reference: string, refundReference: string, amountMinor: number): boolean {
    return this.#db.transaction(() => {
      if (
        this.#db.get("select 1 from refunds where refund_reference = :refundReference", {
          refundReference,
        })
      ) {
        return true;
      }
      const changed = this.#db.run(
        `update charges set refunded_minor = refunded_minor + :amountMinor
         where reference = :reference and captured_minor - refunded_minor >= :amountMinor`,
        { reference, amountMinor },
      );
      if (changed === 0) return false;
      this.#db.run(
        `insert into refunds (refund_reference, reference, amount_minor)
         values (:refundReference, :reference, :amountMinor)`,
        { refundReference, reference, amountMinor },
      );
      this.#notify(reference, "refunded");
      return true;
    });
  }

  /** What was taken and paid back altogether, by currency. */
  totals(): readonly Readonly<Record<string, unknown>>[] {
    return this.#db.all(
      `select currency, count(*) as charges,
         sum(captured_minor) as capturedMinor, sum(refunded_minor) as refundedMinor
       from charges where currency <> '' group by currency order by currency`,
    ).map((row) => ({ ...row }));
  }

  dueWebhooks(nowMs: number, limit: number): readonly Webhook[] {
    return this.#db.all(
      "select id, body, attempts from webhooks where due_at_ms <= :nowMs order by due_at_ms limit :limit",
      { nowMs, limit },
    ).map((row) => ({
      id: String(row["id"]),
      body: String(row["body"]),
      attempts: Number(row["attempts"]),
    }));
  }

  webhookDelivered(id: string): void {
    this.#db.run("delete from webhooks where id = :id", { id });
  }

  webhookFailed(id: string, dueMs: number): void {
    this.#db.run(
      "update webhooks set attempts = attempts + 1, due_at_ms = :dueMs where id = :id",
      { id, dueMs },
    );
  }

  [Symbol.dispose](): void {
    this.#db[Symbol.dispose]();
  }

  #change(reference: string, sql: string): Charge | undefined {
    return this.#db.transaction(() => {
      const changed = this.#db.run(sql, { reference });
      const charge = this.find(reference);
      if (changed > 0 && charge) this.#notify(reference, charge.status);
      return charge;
    });
  }

  #notify(reference: string, status: string): void {
    const id = crypto.randomUUID();
    this.#db.run("insert into webhooks (id, body, due_at_ms) values (:id, :body, 0)", {
      id,
      body: JSON.stringify({ id, reference, type: `charge.${status}` }),
    });
  }
}
